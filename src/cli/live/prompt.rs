//! What is said and typed while it plays.

use super::super::say;
use crate::live::control::Reply;
use crate::live::guard::Guarded;
use crate::live::{Command, Control, Event};
use serde_json::json;
use std::fmt::Display;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Where events and replies go: lines on stdout, or on a terminal above a line that tells how it goes.
pub(super) struct Screen {
    json: bool,
    quiet: bool,
    /// The line that tells how it goes, where there is a terminal to draw it on.
    status: Option<Mutex<String>>,
    /// Whether somebody types below it.
    typed: bool,
    ended: AtomicBool,
}

impl Screen {
    pub fn new(json: bool, quiet: bool, typed: bool) -> Self {
        let terminal = io::stderr().is_terminal() && io::stdout().is_terminal();
        Self {
            json,
            quiet,
            status: (terminal && !json && !quiet).then(Mutex::default),
            typed: typed && io::stdin().is_terminal(),
            ended: AtomicBool::new(false),
        }
    }

    pub fn status_every(&self) -> Option<Duration> {
        match (&self.status, self.json) {
            (Some(_), _) => Some(Duration::from_millis(250)),
            (None, true) => Some(Duration::from_secs(1)),
            (None, false) => None,
        }
    }

    pub fn event(&self, event: &Event) {
        if self.json {
            return say::result(serde_json::to_string(event).unwrap_or_default());
        }
        if matches!(event, Event::Ended { .. }) {
            self.ended.store(true, Ordering::Relaxed);
        }
        if let (Event::Status { status }, Some(line)) = (event, &self.status) {
            let mut line = line.lock().unwrap_or_else(PoisonError::into_inner);
            *line = say::one_line(&status.to_string());
            return self.draw(&line);
        }
        match event {
            Event::Waiting { .. }
            | Event::Lost { .. }
            | Event::ManyXruns { .. }
            | Event::Howl { .. }
            | Event::RecordingFailed { .. }
            | Event::RecordingStuck { .. }
            | Event::ImpulseFailed { .. } => {
                self.lines(event, true);
            }
            _ if self.quiet => {}
            _ => self.lines(event, false),
        }
    }

    pub fn reply<E: Display>(&self, reply: &Result<Reply, E>) {
        match reply {
            Ok(Reply::Recorded(all)) if self.json => {
                for taken in all {
                    let taken = taken.clone();
                    self.event(&Event::Recorded { taken });
                }
            }
            Ok(reply) if self.json => say::result(machine(reply)),
            Ok(reply) if !self.quiet => self.lines(reply, false),
            Ok(_) => {}
            Err(error) => {
                if self.json {
                    say::result(json!({"event": "refused", "reason": error.to_string()}));
                }
                self.lines(error, true);
            }
        }
    }

    /// A reply to somebody elsewhere, who has had it: parameters that move are told to machines only.
    pub fn remote(&self, reply: &Result<Reply, String>) {
        let is_told = match reply {
            Ok(Reply::Chosen(_)) | Err(_) => true,
            Ok(Reply::Values(_) | Reply::Status(_) | Reply::Help) => false,
            Ok(_) => self.json,
        };
        if is_told {
            self.reply(reply);
        }
    }

    /// Where control from elsewhere is waited for.
    pub fn listens(&self, kind: &str, place: &dyn Display) {
        if self.json {
            let place = place.to_string();
            return say::result(json!({"event": "listening", "kind": kind, "place": place}));
        }
        if !self.quiet {
            self.lines(&format_args!("{kind} at {place}"), false);
        }
    }

    /// Control from elsewhere that has gone, and is waited for.
    pub fn gone(&self, kind: &str, place: &dyn Display) {
        if self.json {
            let place = place.to_string();
            return say::result(json!({"event": "gone", "kind": kind, "place": place}));
        }
        self.lines(
            &format_args!("{kind} {place} has gone; waiting for it"),
            true,
        );
    }

    /// Why there is no window.
    #[cfg(feature = "editor")]
    pub fn no_window(&self, reason: &dyn Display) {
        if self.json {
            let reason = reason.to_string();
            return say::result(json!({"event": "no_window", "reason": reason}));
        }
        if !self.quiet {
            self.lines(reason, false);
        }
    }

    /// Prints over the status line, and that one anew below.
    fn lines(&self, text: &dyn Display, error: bool) {
        let text = text.to_string();
        let line = self
            .status
            .as_ref()
            .map(|line| line.lock().unwrap_or_else(PoisonError::into_inner));
        if line.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
        for text in text.lines() {
            if error {
                say::error(text);
            } else {
                say::result(say::one_line(text));
            }
        }
        if let Some(line) = line.filter(|_| !self.ended.load(Ordering::Relaxed)) {
            if self.typed {
                let _ = write!(io::stderr(), "{}\n> ", cut(&line));
            } else {
                self.draw(&line);
            }
            let _ = io::stderr().flush();
        }
    }

    fn draw(&self, line: &str) {
        if self.ended.load(Ordering::Relaxed) {
            return;
        }
        let mut terminal = io::stderr().lock();
        let line = cut(line);
        let _ = if self.typed {
            // Above what is being typed, which stays.
            write!(terminal, "\x1b7\x1b[A\r\x1b[K{line}\x1b8")
        } else {
            write!(terminal, "\r\x1b[K{line}")
        };
        let _ = terminal.flush();
    }
}

/// A line that wraps could not be drawn over.
fn cut(line: &str) -> String {
    line.chars().take(79).collect()
}

fn machine(reply: &Reply) -> serde_json::Value {
    match reply {
        Reply::Set(id, value) => {
            json!({"event": "set", "key": id.parameter().key, "value": value, "text": reply.to_string()})
        }
        Reply::Chosen(choice) => {
            json!({"event": "chosen", "impulse": choice.name, "notes": choice.notes})
        }
        Reply::DryMuted(muted) => json!({"event": "dry", "muted": muted}),
        Reply::Protected(protection) => json!({
            "event": "protected",
            "limiter": protection.limiter == Guarded::On,
            "howl": protection.howl == Guarded::On,
        }),
        Reply::Tempo(tempo) => json!({"event": "tempo", "beats_per_minute": tempo}),
        Reply::Recording(take, path) => json!({"event": "recording", "take": take, "path": path}),
        // As events, one by one.
        Reply::Recorded(_) => json!(null),
        Reply::Status(status) => serde_json::to_value(Event::Status {
            status: (**status).clone(),
        })
        .unwrap_or_default(),
        Reply::Values(values) => {
            let values = values
                .iter()
                .map(|(id, value)| (id.parameter().key.to_owned(), json!(value)));
            json!({"event": "values", "values": serde_json::Map::from_iter(values)})
        }
        Reply::Help => json!({"event": "help", "text": reply.to_string()}),
        Reply::Quitting => json!({"event": "quitting"}),
    }
}

/// Whether somebody types here: stdin is a terminal, and this is not in its background, where reading would stop the whole
/// program, sound and all.
pub(super) fn is_typed_to() -> bool {
    if !io::stdin().is_terminal() {
        return false;
    }
    // proc(5): after the name, which ends with the last bracket, the 3rd number is our process group, the 6th the
    // terminal's. Where there is no such file, nothing is known against it.
    let Ok(stat) = std::fs::read_to_string("/proc/self/stat") else {
        return true;
    };
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let fields: Vec<_> = after.split_whitespace().collect();
    match (fields.get(2), fields.get(5)) {
        (Some(ours), Some(terminals)) => ours == terminals,
        _ => true,
    }
}

/// A thread that does what is typed. It ends with its input or with the program.
pub(super) fn read(control: Arc<Control>, screen: Arc<Screen>) {
    let read = move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if line.trim().is_empty() {
                screen.lines(&"", false);
                continue;
            }
            match line.parse::<Command>() {
                Ok(command) => screen.reply(&control.apply(&command)),
                Err(error) => screen.reply(&Err(error)),
            }
            if control.is_quitting() {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("partita prompt".to_owned());
    if let Err(error) = thread.spawn(read) {
        say::error(format_args!("warning: nothing can be typed: {error}"));
    }
}
