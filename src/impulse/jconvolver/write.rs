//! A matrix → the text of a `.conf`.

use std::fmt::Write as _;

/// One path, and where its samples are.
pub(in crate::impulse) struct Part<'a> {
    /// From 1.
    pub(in crate::impulse) input: usize,
    /// From 1.
    pub(in crate::impulse) output: usize,
    /// In the file, from 1.
    pub(in crate::impulse) channel: usize,
    /// The file's name, beside the `.conf`.
    pub(in crate::impulse) file: &'a str,
}

/// The partition that zita-convolver begins with: jconvolver fits it to JACK's period, with a warning.
const PARTITION: usize = 256;

/// The lines for a matrix of that shape, `frames` long.
pub(in crate::impulse) fn text(
    inputs: usize,
    outputs: usize,
    frames: usize,
    sample_rate: u32,
    parts: &[Part<'_>],
) -> String {
    let mut text = format!("# {inputs} in, {outputs} out, {sample_rate} Hz; written by Partita\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "#              in out partition length\n/convolver/new {inputs} {outputs} {PARTITION} {frames}"
    );
    text.push_str("#             in out gain delay offset length channel file\n");
    for part in parts {
        let _ = writeln!(
            text,
            "/impulse/read {} {} 1 0 0 0 {} {}",
            part.input,
            part.output,
            part.channel,
            quoted(part.file)
        );
    }
    text
}

/// The name as jconvolver reads it back; as it is, if nothing in it means anything, for readers that know no quotes.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-+,=@".contains(c);
    if !name.is_empty() && name.chars().all(plain) {
        return name.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in name.chars() {
        if matches!(c, '"' | '\'' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}
