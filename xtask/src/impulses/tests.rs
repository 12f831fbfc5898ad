#[test]
fn report() {
    use super::measure as m;
    use super::*;
    for imp in &IMPULSES {
        let t = std::time::Instant::now();
        let c = (imp.make)();
        let el = t.elapsed();
        println!(
            "{} {:?} {}ch {}fr {}B",
            imp.name,
            el,
            c.len(),
            c[0].len(),
            c.len() * c[0].len() * 3
        );
        let peak = c.iter().flatten().fold(0.0_f64, |h, x| h.max(x.abs()));
        for ch in &c {
            let dc: f64 = ch.iter().sum();
            let e: f64 = ch.iter().map(|x| x * x).sum();
            print!(" [dc {dc:.4} e {e:.4}]");
        }
        println!(" peak {:.2} dB", 20.0 * peak.log10());
        if imp.kind == "echo" {
            continue;
        }
        println!("  T30 {:.2?}", m::reverberation_times(&c));
        for centre in bands::OCTAVES {
            let per: Vec<(f64, f64)> = c
                .iter()
                .map(|ch| {
                    let d = m::energy_decay(&m::octave(ch, centre));
                    let l = m::line(&d, -5.0, -45.0);
                    (m::line(&d, -5.0, -35.0).seconds, l.deviation)
                })
                .collect();
            println!(
                "   {centre}: {per:.2?} mean {:.2}",
                m::line(&m::octave_decay(&c, centre), -5.0, -45.0).deviation
            );
        }
        for ch in &c {
            println!(
                "  EDT {:.2} C80 {:.1} D50 {:.2} mix {:.1?}",
                m::early_decay_time(ch),
                m::clarity(ch),
                m::early_share(ch, 0.05),
                m::mixing_time(ch).map(|t| t * 1e3)
            );
        }
        println!(
            "  corr early {:.3} late {:.3}",
            m::correlation(&c[0], &c[1], 0..3840),
            m::correlation(&c[0], &c[1], 3840..c[0].len())
        );
        if c.len() == 4 {
            println!(
                "  corr LL RR early {:.3} late {:.3}",
                m::correlation(&c[0], &c[3], 0..3840),
                m::correlation(&c[0], &c[3], 3840..c[0].len())
            );
            println!(
                "  corr RL RR early {:.3} late {:.3}",
                m::correlation(&c[2], &c[3], 0..3840),
                m::correlation(&c[2], &c[3], 3840..c[0].len())
            );
        }
    }
}
