//! The page, and what stands on it.

use super::tour;
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The page as the example writes it, once for all tests.
pub static PAGE: LazyLock<String> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new").join("page.html");
    tour::write(&path).expect("a page");
    std::fs::read_to_string(path).expect("the page")
});

pub static NUMBERS: LazyLock<Value> = LazyLock::new(|| {
    let json = between(&PAGE, "id=\"numbers\">", "</script>").expect("numbers");
    serde_json::from_str(json).expect("JSON")
});

pub fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?
        .1
        .split_once(to)
        .map(|(found, _)| found)
}

/// The JSON at a path of keys and indices.
pub fn json(path: &str) -> &'static Value {
    let pointer = format!("/{}", path.replace('.', "/"));
    NUMBERS
        .pointer(&pointer)
        .unwrap_or_else(|| panic!("no {path}"))
}

pub fn number(path: &str) -> f64 {
    json(path)
        .as_f64()
        .unwrap_or_else(|| panic!("{path} is no number"))
}

/// All numbers below a path, in order, however deep.
pub fn list(path: &str) -> Vec<f64> {
    fn collect(value: &Value, into: &mut Vec<f64>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
            value => into.extend(value.as_f64()),
        }
    }
    let mut values = Vec::new();
    collect(json(path), &mut values);
    values
}

/// They were written from f32 and are read as such.
pub fn samples(path: &str) -> Vec<f32> {
    list(path).into_iter().map(|value| value as f32).collect()
}

/// JSON is read to the last digit of f64 but one.
pub fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 4.0 * f64::EPSILON * b.abs()
}

/// Every figure on the page: id → value and text.
pub fn figures() -> BTreeMap<&'static str, (f64, &'static str)> {
    let mut figures = BTreeMap::new();
    for part in PAGE.split("<data ").skip(1) {
        let id = between(part, "id=\"n-", "\"").expect("an id");
        let value = between(part, "value=\"", "\"").expect("a value");
        let text = between(part, ">", "</data>").expect("a text");
        let value = value.parse().expect("a number");
        assert!(figures.insert(id, (value, text)).is_none(), "{id} twice");
    }
    figures
}

/// The figures of a part, to be taken one by one.
pub struct Figures(BTreeMap<&'static str, (f64, &'static str)>);

impl Figures {
    pub fn of(part: &str) -> Self {
        let own = |id: &str| {
            id.strip_prefix(part)
                .is_some_and(|rest| rest.starts_with('-'))
        };
        Self(figures().into_iter().filter(|(id, _)| own(id)).collect())
    }

    pub fn take(&mut self, id: &str) -> f64 {
        self.0
            .remove(id)
            .unwrap_or_else(|| panic!("{id} is not on the page"))
            .0
    }

    pub fn is(&mut self, id: &str, want: f64) {
        let got = self.take(id);
        assert!(same(got, want), "{id}: {got}, wanted {want}");
    }

    /// The two figures in the last table, where a part is not equal bit for bit.
    pub fn close(mut self, part: &str, greatest: f64, peak: f64) {
        self.is(&format!("{part}-greatest"), greatest);
        if greatest > 0.0 {
            let db = self.take(&format!("{part}-db"));
            assert!(
                (db - 20.0 * (greatest / peak).log10()).abs() < 1e-9,
                "{part}: {db} dB"
            );
        }
        assert!(self.0.is_empty(), "nobody checks {:?}", self.0.keys());
    }
}

/// The samples of a player of the page, as the integers that they are.
pub fn played(id: &str) -> Vec<i16> {
    let tag = PAGE
        .split("<audio ")
        .find(|tag| tag.contains(&format!(" id=\"sound-{id}\"")))
        .expect("a player");
    let coded = between(tag, "base64,", "\"").expect("a sound");
    let file = base64::prelude::BASE64_STANDARD
        .decode(coded)
        .expect("base64");
    let mut reader = hound::WavReader::new(&file[..]).expect("a WAV");
    let spec = reader.spec();
    assert_eq!(
        (spec.channels, spec.sample_rate, spec.bits_per_sample),
        (1, 48_000, 16)
    );
    reader
        .samples::<i16>()
        .map(|sample| sample.expect("a sample"))
        .collect()
}

/// Width, height and samples of a picture of the page, `channels` for each pixel.
pub fn picture(id: &str) -> (usize, usize, usize, Vec<u8>) {
    let tag = PAGE
        .split("<img ")
        .find(|tag| tag.starts_with(&format!("id=\"{id}\"")))
        .expect("a picture");
    let coded = between(tag, "base64,", "\"").expect("a PNG");
    let file = base64::prelude::BASE64_STANDARD
        .decode(coded)
        .expect("base64");
    let mut reader = png::Decoder::new(std::io::Cursor::new(file))
        .read_info()
        .expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("a frame");
    let channels = info.color_type.samples();
    (info.width as usize, info.height as usize, channels, pixels)
}
