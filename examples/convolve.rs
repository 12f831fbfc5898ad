//! The library in a page: two spikes make an echo, in real time, block by block.

use partita::engine::{Block, Engine, PreparedImpulse, Routing};
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The sound itself, and half of it again 1000 samples later.
    let mut spikes = vec![0.0; 1001];
    spikes[0] = 1.0;
    spikes[1000] = 0.5;
    let impulse = PreparedImpulse::new(Routing::mono(), &[&spikes])?;
    let mut engine = Engine::new(Arc::new(impulse));

    let sound: Vec<f32> = (0..4096).map(|i| (i as f32 * 0.05).sin()).collect();
    let mut heard = vec![0.0; sound.len()];
    // Any block length will do, here 100 samples, as from a host.
    for (input, output) in sound.chunks(100).zip(heard.chunks_mut(100)) {
        engine.process(&mut Block::new(&[input], &mut [output]));
    }

    let wanted = sound[2000] + 0.5 * sound[1000];
    println!("sample 2000: {:.6}, wanted {wanted:.6}", heard[2000]);
    Ok(())
}
