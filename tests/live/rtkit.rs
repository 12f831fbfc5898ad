//! Real-time priority where the kernel gives none: RealtimeKit is asked, and what it says is told. The bus is played by the
//! test; the daemon's own answers look the same (`dbus-daemon` and Debian's rtkit).

use crate::studio::{Live, Studio, library, song};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

/// What the other side does.
#[derive(Clone, Copy, PartialEq)]
enum Kit {
    /// Gives what is asked for, if it may.
    Gives,
    /// Says that it does.
    Pretends,
    /// Says why not.
    Refuses,
    /// Says nothing after the greeting.
    IsSilent,
    /// Says what is no D-Bus.
    Babbles,
    /// Goes away in the middle of a message.
    Leaves,
}

/// Plays the bus and RealtimeKit to whoever comes; gives the threads that it was asked for, with their priority.
fn play(listener: UnixListener, kit: Kit) -> Arc<Mutex<Vec<(u64, u32)>>> {
    let asked = Arc::<Mutex<Vec<_>>>::default();
    let kept = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Whoever goes away is not waited for.
            let _ = answer(stream, kit, &kept);
        }
    });
    asked
}

fn answer(stream: UnixStream, kit: Kit, asked: &Mutex<Vec<(u64, u32)>>) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    for (expected, said) in [
        ("\0AUTH EXTERNAL\r\n", "DATA\r\n"),
        ("DATA\r\n", "OK 1234deadbeef\r\n"),
        ("BEGIN\r\n", ""),
    ] {
        line.clear();
        reader.read_line(&mut line)?;
        assert_eq!(line, expected);
        writer.write_all(said.as_bytes())?;
    }
    loop {
        let mut head = [0; 16];
        reader.read_exact(&mut head)?;
        assert_eq!(head[..4], [b'l', 1, 0, 1]);
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("4 bytes"));
        let (body, serial, fields) = (number(4) as usize, number(8), number(12) as usize);
        let mut rest = vec![0; fields.next_multiple_of(8) + body];
        reader.read_exact(&mut rest)?;
        let names = |name: &str| {
            let whole = format!("{name}\0");
            rest.windows(whole.len())
                .any(|part| part == whole.as_bytes())
        };
        let body = &rest[fields.next_multiple_of(8)..];
        if names("Hello") {
            // A signal to everybody comes between question and answer.
            writer.write_all(&message(4, 0, None, &[]))?;
            writer.write_all(&message(2, serial, Some("s"), &string(":1.42")))?;
            continue;
        }
        match kit {
            Kit::IsSilent => continue,
            Kit::Babbles => writer.write_all(&[0xFF; 64])?,
            Kit::Leaves => {
                writer.write_all(&message(2, serial, Some("v"), &[])[..20])?;
                return Ok(());
            }
            _ if names("MaxRealtimePriority") => {
                let body = [&b"\x01i\0\0"[..], &20i32.to_le_bytes()].concat();
                writer.write_all(&message(2, serial, Some("v"), &body))?;
            }
            _ if names("RTTimeUSecMax") => {
                let body = [&b"\x01x\0\0\0\0\0\0"[..], &200_000i64.to_le_bytes()].concat();
                writer.write_all(&message(2, serial, Some("v"), &body))?;
            }
            Kit::Refuses => {
                let said = string("Operation not permitted");
                writer.write_all(&message(3, serial, Some("s"), &said))?;
            }
            Kit::Gives | Kit::Pretends => {
                assert!(names("MakeThreadRealtime") && names("tu") && body.len() == 12);
                let thread = u64::from_le_bytes(body[..8].try_into().expect("8 bytes"));
                let priority = u32::from_le_bytes(body[8..].try_into().expect("4 bytes"));
                asked.lock().expect("the list").push((thread, priority));
                if kit == Kit::Gives {
                    give(thread, priority);
                }
                writer.write_all(&message(2, serial, None, &[]))?;
            }
        }
    }
}

/// As the daemon does, if this user may.
fn give(thread: u64, priority: u32) {
    let given = Command::new("chrt")
        .args(["--rr", "--pid", &priority.to_string(), &thread.to_string()])
        .output();
    println!("given: {given:?}");
}

fn string(text: &str) -> Vec<u8> {
    let length = text.len() as u32;
    [&length.to_le_bytes()[..], text.as_bytes(), b"\0"].concat()
}

fn message(kind: u8, to: u32, signature: Option<&str>, body: &[u8]) -> Vec<u8> {
    // Who sends it (7), what it answers (5), what is in it (8).
    let mut fields = [&b"\x07\x01s\0"[..], &string("org.freedesktop.DBus")].concat();
    fields.resize(fields.len().next_multiple_of(8), 0);
    fields.extend(b"\x05\x01u\0");
    fields.extend(to.to_le_bytes());
    if let Some(signature) = signature {
        fields.extend(b"\x08\x01g\0");
        fields.push(signature.len() as u8);
        fields.extend(signature.as_bytes());
        fields.push(0);
    }
    let numbers = [body.len() as u32, 7, fields.len() as u32];
    let mut whole = vec![b'l', kind, 0, 1];
    whole.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    whole.extend(fields);
    whole.resize(whole.len().next_multiple_of(8), 0);
    whole.extend(body);
    whole
}

/// Plays on a card that gives no priority; gives the priority and the notes that it is opened with.
fn open(studio: &Studio, bus: &str) -> (String, String) {
    let mut command = studio.command(&["live", "--json", "-i", "room", "--period", "256"]);
    command
        .env("LD_PRELOAD", library("card"))
        .env("LIVE_REFUSED", "1")
        .env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    let mut live = Live::start(command);
    let opened = live.wait_for("opened");
    live.signal("-TERM");
    live.wait_for("ended");
    assert_eq!(live.end().0, Some(130));
    let priority = opened["priority"].as_str().expect("a text").to_owned();
    println!("{bus}: {opened}");
    (priority, opened["notes"].to_string())
}

#[test]
fn where_the_kernel_gives_no_priority_realtimekit_is_asked_and_what_it_says_is_told() {
    let studio = Studio::new();
    studio.sing(&[song(40, 0, 480), song(41, 0, 480)]);
    // Whether this user may give it to anybody: root may.
    let may = Command::new("chrt")
        .args(["--rr", "10", "true"])
        .output()
        .is_ok_and(|done| done.status.success());
    for (at, kit, told) in [
        (0, Kit::Gives, "real-time priority from RealtimeKit"),
        (1, Kit::Pretends, "and did not"),
        (
            2,
            Kit::Refuses,
            "RealtimeKit gives none: Operation not permitted",
        ),
        (
            3,
            Kit::IsSilent,
            "expected an answer from RealtimeKit, got: ",
        ),
        (
            4,
            Kit::Babbles,
            "expected an answer from RealtimeKit, got: ",
        ),
        (5, Kit::Leaves, "expected an answer from RealtimeKit, got: "),
    ] {
        let path = studio.path(&format!("bus{at}"));
        let listener = UnixListener::bind(&path).expect("a socket");
        let asked = play(listener, kit);
        let bus = format!("unix:abstract=none;unix:path={},guid=12", path.display());
        let (priority, notes) = open(&studio, &bus);
        let asked = asked.lock().expect("the list").clone();
        if kit == Kit::Gives && !may {
            assert!(notes.contains("and did not"), "{notes}");
        } else {
            assert!(notes.contains(told), "{notes}");
            let granted = kit == Kit::Gives;
            assert_eq!(priority, if granted { "realtime" } else { "ordinary" });
        }
        // One thread does both directions.
        let wanted = usize::from(matches!(kit, Kit::Gives | Kit::Pretends));
        assert_eq!(asked.len(), wanted);
        assert!(
            asked.iter().all(|(_, priority)| *priority == 10),
            "{asked:?}"
        );
    }
    let nobody = format!("unix:path={}", studio.path("nobody").display());
    let (priority, notes) = open(&studio, &nobody);
    assert_eq!(priority, "ordinary");
    assert!(notes.contains("expected the system's D-Bus"), "{notes}");
}
