//! Opening and closing a device on a thread of its own: a driver may hold up either for ever.

use super::PATIENCE;
use crate::live::chain::Chain;
use crate::live::control::{Control, Heard, Made, Playing};
use crate::live::stream::{self, Alarm, OpenError, Opened, Request, Stream};
use crate::loader::thread::{self, Format, Loader, Maker};
use crate::processor::{Processor, Setup};
use crate::swap;
use crossbeam_channel::{Receiver, bounded};
use std::sync::Arc;

/// A device that has been opened, with all that plays on it.
pub(super) struct Running {
    pub stream: Stream,
    pub opened: Opened,
    pub alarm: Arc<Alarm>,
    pub playing: Playing,
}

/// On a thread of its own. What comes too late is closed there.
pub(super) fn open_aside(
    request: Request,
    control: Arc<Control>,
) -> Receiver<Result<Running, OpenError>> {
    let (sender, receiver) = bounded(1);
    let opening = move || {
        let _ = sender.send(open(&request, &control));
    };
    // Without a thread there is no sender, and the receiver says so.
    let _ = std::thread::Builder::new()
        .name("partita opening".to_owned())
        .spawn(opening);
    receiver
}

/// Waits for the driver, but not for ever.
pub(in crate::live) fn close_aside(stream: Stream) {
    let (sender, receiver) = bounded(1);
    let closing = move || {
        drop(stream);
        let _ = sender.send(());
    };
    let thread = std::thread::Builder::new()
        .name("partita closing".to_owned())
        .spawn(closing);
    if thread.is_ok() {
        let _ = receiver.recv_timeout(PATIENCE);
    }
}

fn open(request: &Request, control: &Arc<Control>) -> Result<Running, OpenError> {
    let alarm = Arc::new(Alarm::default());
    let mut made = None;
    let mut make = |format| {
        let (chain, playing) = chain(format, control);
        made = Some(playing);
        chain
    };
    let (stream, opened) = stream::open(request, &mut make, &alarm)?;
    let Some(made) = made else {
        return Err(silent_device(request));
    };
    let playing = Playing {
        opened: opened.clone(),
        alarm: Arc::clone(&alarm),
        made,
        link: stream.link(),
        heard: Heard::default(),
    };
    Ok(Running {
        stream,
        opened,
        alarm,
        playing,
    })
}

/// A chain with the impulse that is wanted now, and the loader that looks after it.
fn chain(format: Format, control: &Arc<Control>) -> (Chain, Made) {
    let mut maker = Maker::new(format);
    let wanted = control.wanted();
    let made = wanted.as_ref().map(|wanted| maker.make(wanted));
    let mut first = thread::Status::default();
    let (engine, tail) = match &made {
        Some(Ok(ready)) => {
            first.name = maker.name().to_owned();
            first.frames = ready.impulse.frames();
            first.tail_frames = ready.tail_frames;
            first.gain_db = ready.gain_db;
            (maker.engine(ready), ready.tail_frames as usize)
        }
        Some(Err(error)) => {
            first.error = Some(error.to_string());
            (maker.silent_engine(), 0)
        }
        None => (maker.silent_engine(), 0),
    };
    let setup = Setup {
        inputs: format.inputs,
        outputs: format.outputs,
        sample_rate: format.sample_rate,
        mix: control.desk.mix(),
    };
    let (loader_end, audio_end) = swap::pair();
    let processor = Processor::new(engine, tail, setup).with_swap(audio_end);
    let (chain, ends) = Chain::new(processor, Arc::clone(&control.desk), format);
    let asked = Arc::clone(control);
    // What could not be made would be no better the second time: it has been told.
    let loader = Loader::start(maker, loader_end, wanted, move || asked.wanted());
    let made = Made {
        ends,
        loader: loader.ok(),
        first,
    };
    (chain, made)
}

/// Where no answer came.
pub(super) fn silent_device(request: &Request) -> OpenError {
    let device = match &request.output {
        stream::Choice::Device(id) => id.clone(),
        _ => "the default device".to_owned(),
    };
    OpenError::System {
        device,
        what: format!("no answer for {} s", PATIENCE.as_secs()),
    }
}
