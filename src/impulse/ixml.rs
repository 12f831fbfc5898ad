//! iXML: the XML that sound recorders and Steinberg's MediaBay keep in a WAV file, and what of it concerns an impulse.
//!
//! Guaranteed: what [`write()`] makes, [`parse`] reads back equal; elements that mean nothing here are kept as they are.
//! No text makes it panic, recurse, or take more memory than a multiple of its length: document types, and with them
//! entities that expand, are refused.
//!
//! Sources: iXML specification 3.0 (Gallery Software); Steinberg, "Cubase Plug-in Reference", REVerence, True Stereo: a
//! four-channel impulse is played as true stereo if its Recording Method is `TrueStereo`, and as surround if it is `A/B`
//! or `Quadro`. MediaBay stores it as the attribute `MediaRecordingMethod`.

use roxmltree::{Document, Node};
use std::fmt::Write as _;
use thiserror::Error;

/// The longest text that is read, in bytes. Real ones have a few thousand.
pub const MAX_BYTES: usize = 1 << 20;

/// Elements beyond which a text is no description of an impulse.
const MAX_NODES: u32 = 100_000;

/// MediaBay's name of the recording method.
const METHOD: &str = "MediaRecordingMethod";

/// What an iXML chunk says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ixml {
    /// How the sound was recorded, if it says so.
    pub recording_method: Option<RecordingMethod>,
    /// The channels, in the file's order; empty if they have no description.
    pub tracks: Vec<Track>,
    /// Every other element, as XML, in the file's order.
    pub other: Vec<String>,
}

/// One channel's description.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// What it is called.
    pub name: String,
    /// What it is for; empty if that is not said.
    pub function: String,
}

/// How a sound was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingMethod {
    /// Two sources, two microphones: LL, LR, RL, RR.
    TrueStereo,
    /// A surround recording.
    Quadro,
    /// A pair of microphones.
    Ab,
    /// Anything else; sound libraries put the name of the microphone here.
    Other(String),
}

impl RecordingMethod {
    /// As it stands in a file. Any thread.
    pub fn as_str(&self) -> &str {
        match self {
            Self::TrueStereo => "TrueStereo",
            Self::Quadro => "Quadro",
            Self::Ab => "A/B",
            Self::Other(other) => other,
        }
    }

    /// As it is found in files: in any case, with or without space. Any thread.
    pub fn named(text: &str) -> Self {
        match plain(text).as_str() {
            "truestereo" => Self::TrueStereo,
            "quadro" | "quad" => Self::Quadro,
            "ab" => Self::Ab,
            _ => Self::Other(text.trim().to_owned()),
        }
    }
}

/// Its letters and digits, in lower case.
fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A text that is not iXML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected iXML (BWFXML), but {found}; it is ignored")]
pub struct IxmlError {
    /// What is wrong.
    pub found: String,
}

/// Reads the text of an iXML chunk. Padding after its end, and a byte order mark, do not matter. Loader thread.
pub fn parse(text: &str) -> Result<Ixml, IxmlError> {
    if text.len() > MAX_BYTES {
        return Err(IxmlError {
            found: format!("it has {} bytes, more than {MAX_BYTES}", text.len()),
        });
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = text.trim_end_matches(|c: char| c == '\0' || c.is_whitespace());
    let options = roxmltree::ParsingOptions {
        nodes_limit: MAX_NODES,
        ..roxmltree::ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| IxmlError {
        found: error.to_string(),
    })?;
    let root = document.root_element();
    if !root.has_tag_name("BWFXML") {
        return Err(IxmlError {
            found: format!("its root is {}", root.tag_name().name()),
        });
    }
    let mut ixml = Ixml::default();
    for element in root.children().filter(Node::is_element) {
        match element.tag_name().name() {
            "IXML_VERSION" => {}
            "TRACK_LIST" => ixml.tracks = tracks(element),
            _ => {
                let mut own = text[element.range()].to_owned();
                // Cut from the back, so that the ranges stay true.
                for node in element.descendants().collect::<Vec<_>>().iter().rev() {
                    if let Some(method) = method(*node) {
                        let (from, cut) = (element.range().start, node.range());
                        own.replace_range(cut.start - from..cut.end - from, "");
                        ixml.recording_method = Some(RecordingMethod::named(&method));
                    }
                }
                // A prefix that is declared on the root means nothing without it.
                if !is_empty(&own) && Document::parse(&own).is_ok() {
                    ixml.other.push(own);
                }
            }
        }
    }
    Ok(ixml)
}

fn tracks(list: Node<'_, '_>) -> Vec<Track> {
    let elements = list.children().filter(|node| node.has_tag_name("TRACK"));
    let mut numbered: Vec<(u32, Track)> = elements
        .map(|track| {
            let place = text_of(track, "INTERLEAVE_INDEX").or(text_of(track, "CHANNEL_INDEX"));
            let place = place.and_then(|place| place.parse().ok());
            let described = Track {
                name: text_of(track, "NAME").unwrap_or_default(),
                function: text_of(track, "FUNCTION").unwrap_or_default(),
            };
            (place.unwrap_or(u32::MAX), described)
        })
        .collect();
    numbered.sort_by_key(|(place, _)| *place);
    numbered.into_iter().map(|(_, track)| track).collect()
}

/// The value, if `node` is the attribute or the element that holds the recording method.
fn method(node: Node<'_, '_>) -> Option<String> {
    let is_method = |name: &str| plain(name).ends_with("recordingmethod");
    if node.has_tag_name("ATTR") {
        let name = text_of(node, "NAME")?;
        return is_method(&name)
            .then(|| text_of(node, "VALUE"))?
            .filter(|v| !v.is_empty());
    }
    let is_one = node.is_element() && is_method(node.tag_name().name());
    is_one
        .then(|| node.text())?
        .map(|text| text.trim().to_owned())
}

fn text_of(node: Node<'_, '_>, child: &str) -> Option<String> {
    let child = node.children().find(|node| node.has_tag_name(child))?;
    Some(child.text().unwrap_or_default().trim().to_owned())
}

/// True for an element that has lost all it had.
fn is_empty(xml: &str) -> bool {
    let nothing = |document: Document<'_>| {
        let mut nodes = document.root_element().descendants();
        nodes.all(|node| {
            node.attributes().len() == 0
                && (node.is_root()
                    || matches!(node.tag_name().name(), "STEINBERG" | "ATTR_LIST")
                    || node.is_text() && node.text().is_none_or(|text| text.trim().is_empty()))
        })
    };
    xml.is_empty() || Document::parse(xml).is_ok_and(nothing)
}

/// The text of an iXML chunk. Characters that XML cannot hold are left out. Loader thread.
pub fn write(ixml: &Ixml) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML>\n");
    out.push_str("<IXML_VERSION>1.61</IXML_VERSION>\n");
    let mut attribute = ixml.recording_method.as_ref().map(|method| {
        format!(
            "<ATTR><TYPE>string</TYPE><NAME>{METHOD}</NAME><VALUE>{}</VALUE></ATTR>",
            escape(method.as_str())
        )
    });
    for other in &ixml.other {
        // Into the list that is there already: readers look at the first.
        let end = other
            .starts_with("<STEINBERG")
            .then(|| other.rfind("</ATTR_LIST>"))
            .flatten();
        match end.filter(|_| attribute.is_some()) {
            Some(end) => {
                out.push_str(&other[..end]);
                out.push_str(&attribute.take().unwrap_or_default());
                out.push_str(&other[end..]);
            }
            None => out.push_str(other),
        }
        out.push('\n');
    }
    if let Some(attribute) = attribute {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<STEINBERG><ATTR_LIST>{attribute}</ATTR_LIST></STEINBERG>"
        );
    }
    if !ixml.tracks.is_empty() {
        let _ = writeln!(
            out,
            "<TRACK_LIST><TRACK_COUNT>{}</TRACK_COUNT>",
            ixml.tracks.len()
        );
        for (index, track) in ixml.tracks.iter().enumerate() {
            let place = index + 1;
            let _ = writeln!(
                out,
                "<TRACK><CHANNEL_INDEX>{place}</CHANNEL_INDEX><INTERLEAVE_INDEX>{place}</INTERLEAVE_INDEX>\
                 <NAME>{}</NAME><FUNCTION>{}</FUNCTION></TRACK>",
                escape(&track.name),
                escape(&track.function)
            );
        }
        out.push_str("</TRACK_LIST>\n");
    }
    out.push_str("</BWFXML>\n");
    out
}

/// An element with that text.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // XML 1.0, production 2: no other control characters.
            '\u{0}'..='\u{8}'
            | '\u{b}'
            | '\u{c}'
            | '\u{e}'..='\u{1f}'
            | '\u{fffe}'
            | '\u{ffff}' => {}
            _ => escaped.push(character),
        }
    }
    escaped
}
