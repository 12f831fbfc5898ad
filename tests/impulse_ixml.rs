//! iXML is read as recorders and Steinberg's MediaBay write it, and what is written is read back equal.

use partita::impulse::ixml::{self, Ixml, RecordingMethod, Track};
use proptest::prelude::*;

/// As MediaBay writes it.
const MEDIABAY: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<BWFXML><IXML_VERSION>1.5</IXML_VERSION>
<PROJECT>Église &amp; crypte</PROJECT>
<STEINBERG><ATTR_LIST>
<ATTR><TYPE>string</TYPE><NAME>MediaRecordingMethod</NAME><VALUE>TrueStereo</VALUE></ATTR>
<ATTR><TYPE>string</TYPE><NAME>MediaComment</NAME><VALUE>far</VALUE></ATTR>
</ATTR_LIST></STEINBERG>
<TRACK_LIST><TRACK_COUNT>2</TRACK_COUNT>
<TRACK><CHANNEL_INDEX>2</CHANNEL_INDEX><INTERLEAVE_INDEX>2</INTERLEAVE_INDEX><NAME>LR</NAME></TRACK>
<TRACK><CHANNEL_INDEX>1</CHANNEL_INDEX><INTERLEAVE_INDEX>1</INTERLEAVE_INDEX><NAME>LL</NAME><FUNCTION>IR</FUNCTION></TRACK>
</TRACK_LIST></BWFXML>"#;

#[test]
fn what_mediabay_writes_is_understood() {
    let read = ixml::parse(MEDIABAY).expect("iXML");
    assert_eq!(read.recording_method, Some(RecordingMethod::TrueStereo));
    let track = |name: &str, function: &str| Track {
        name: name.to_owned(),
        function: function.to_owned(),
    };
    assert_eq!(read.tracks, [track("LL", "IR"), track("LR", "")]);
    assert_eq!(read.other.len(), 2);
    assert_eq!(read.other[0], "<PROJECT>Église &amp; crypte</PROJECT>");
    assert!(read.other[1].contains("far") && !read.other[1].contains("TrueStereo"));
    // The attribute goes back where it was, beside the others.
    let again = ixml::write(&read);
    assert_eq!(again.matches("<STEINBERG>").count(), 1);
    assert_eq!(ixml::parse(&again), Ok(read));
}

#[test]
fn every_spelling_of_the_method() {
    use RecordingMethod::{Ab, Other, Quadro, TrueStereo};
    for (text, expected) in [
        ("TrueStereo", TrueStereo),
        ("true stereo", TrueStereo),
        (" Quadro ", Quadro),
        ("A/B", Ab),
        ("MKH 8040", Other("MKH 8040".to_owned())),
    ] {
        for xml in [
            format!(
                "<BWFXML><STEINBERG><ATTR_LIST><ATTR><NAME>MediaRecordingMethod</NAME><VALUE>{text}</VALUE></ATTR></ATTR_LIST></STEINBERG></BWFXML>"
            ),
            format!("<BWFXML><RECORDING_METHOD>{text}</RECORDING_METHOD></BWFXML>"),
            format!(
                "\u{feff}\n<BWFXML><USER><RecordingMethod>{text}</RecordingMethod><X>1</X></USER></BWFXML>\n\0\0"
            ),
        ] {
            let read = ixml::parse(&xml).expect("iXML");
            assert_eq!(read.recording_method, Some(expected.clone()), "{xml}");
            assert_eq!(ixml::parse(&ixml::write(&read)), Ok(read));
        }
    }
}

#[test]
fn what_is_no_ixml_is_an_error_in_one_line() {
    let deep = format!("<BWFXML>{}", "<A>".repeat(200_000));
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><BWFXML>&b;</BWFXML>";
    let long = format!("<BWFXML>{}</BWFXML>", " ".repeat(ixml::MAX_BYTES));
    for text in [
        "",
        "\0\0",
        "hello",
        "<BWFXML>",
        "<XMP></XMP>",
        laughs,
        &deep,
        &long,
    ] {
        let error = ixml::parse(text).expect_err("no iXML").to_string();
        assert!(
            error.starts_with("expected iXML") && !error.contains('\n'),
            "{error}"
        );
    }
    assert_eq!(ixml::parse("<BWFXML/>"), Ok(Ixml::default()));
}

fn any_ixml() -> impl Strategy<Value = Ixml> {
    let text = "[ -~é]{0,12}".prop_map(|text| text.trim().to_owned());
    let method = prop_oneof![
        Just(None),
        Just(Some(RecordingMethod::TrueStereo)),
        Just(Some(RecordingMethod::Quadro)),
        "[&<>a-z]{1,8}".prop_map(|text| Some(RecordingMethod::named(&text))),
    ];
    let track = (text.clone(), text).prop_map(|(name, function)| Track { name, function });
    let other = prop_oneof![
        Just("<SPEED><NOTE>&lt;</NOTE></SPEED>".to_owned()),
        Just("<STEINBERG><ATTR_LIST><ATTR><NAME>MediaComment</NAME><VALUE>x</VALUE></ATTR></ATTR_LIST></STEINBERG>".to_owned()),
    ];
    (
        method,
        prop::collection::vec(track, 0..5),
        prop::collection::vec(other, 0..3),
    )
        .prop_map(|(recording_method, tracks, other)| Ixml {
            recording_method,
            tracks,
            other,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(ixml in any_ixml()) {
        prop_assert_eq!(ixml::parse(&ixml::write(&ixml)), Ok(ixml));
    }

    #[test]
    fn damaged_text_never_panics(at in 0..MEDIABAY.len(), length in 0..40_usize, put in "[ -~\0<>/]{0,6}") {
        let mut bytes = MEDIABAY.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        if let Ok(read) = ixml::parse(&String::from_utf8_lossy(&bytes)) {
            prop_assert_eq!(ixml::parse(&ixml::write(&read)), Ok(read));
        }
    }
}
