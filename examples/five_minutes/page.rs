//! The page around the parts.

use super::convolve::Difference;
use super::svg::Svg;
use serde_json::{Map, Value};
use std::fmt::Display;

/// One part of the tour.
pub struct Part {
    /// Its anchor, and its key among the numbers.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What stands below the heading, as HTML.
    pub body: String,
    /// Everything that was computed for it.
    pub numbers: Value,
    /// How far the engine was from the definition.
    pub difference: Difference,
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const OPENING: &str = include_str!("opening.html");
const CLOSING: &str = include_str!("closing.html");

/// The whole page.
pub fn page(parts: &[Part]) -> String {
    let numbers: Map<String, Value> = parts
        .iter()
        .map(|part| (part.id.into(), part.numbers.clone()))
        .collect();
    // In HTML a script ends at the first "</", whatever it stands in.
    let numbers = Value::Object(numbers).to_string().replace("</", "<\\/");
    let contents: String = parts
        .iter()
        .map(|part| format!(r##"<li><a href="#{}">{}</a></li>"##, part.id, part.title))
        .collect();
    let sections: String = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            format!(
                "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\"><span class=\"count\">{count}</span> {title}</h2>\n{body}\n</section>\n",
                id = part.id,
                count = index + 1,
                title = part.title,
                body = part.body,
            )
        })
        .collect();
    let rows: String = parts
        .iter()
        .map(|part| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                part.title,
                small(&format!("{}-greatest", part.id), part.difference.greatest),
                decibels(part),
            )
        })
        .collect();
    format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Convolution in five minutes</title>
<style>
{STYLE}</style>
<script>document.documentElement.className = 'scripted';</script>
</head>
<body>
<header>
{OPENING}
<nav aria-label="Contents"><ol>{contents}</ol></nav>
</header>
<main>
{sections}
<section id="exact" aria-labelledby="exact-title">
<h2 id="exact-title">How exact all this is</h2>
<div class="scroll"><table class="figures">
<caption>The greatest difference between a value from the engine, which computes in 32-bit floating point, and the same value by the definition in 64 bits</caption>
<thead><tr><th scope="col">Part</th><th scope="col">Greatest difference</th><th scope="col">Relative to the greatest value</th></tr></thead>
<tbody>{rows}</tbody></table></div>
{CLOSING}
</section>
</main>
<script type="application/json" id="numbers">{numbers}</script>
<script>
{SCRIPT}</script>
</body>
</html>
"#
    )
}

fn decibels(part: &Part) -> String {
    if part.difference.greatest == 0.0 {
        return "equal bit for bit".into();
    }
    let db = 20.0 * (part.difference.greatest / part.difference.peak).log10();
    format!("{} dB", decimal(&format!("{}-db", part.id), db, 0))
}

/// A number that a reader sees and a program can check: `value` whole, `text` as it is read.
pub fn data(id: &str, value: f64, text: impl Display) -> String {
    format!(r#"<data id="n-{id}" value="{value}">{text}</data>"#)
}

/// An integer, or a number that is one.
pub fn whole(id: &str, value: f64) -> String {
    data(id, value, grouped(value))
}

/// A number with `places` decimals.
pub fn decimal(id: &str, value: f64, places: usize) -> String {
    data(id, value, format!("{value:.places$}").replace('-', "−"))
}

/// A number as so many parts of `of`.
pub fn fraction(id: &str, value: f64, of: f64) -> String {
    data(id, value, format!("{}/{of}", value * of))
}

/// A number that may be very small, with two digits.
pub fn small(id: &str, value: f64) -> String {
    if value == 0.0 {
        return data(id, value, 0);
    }
    let text = format!("{value:.1e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    data(
        id,
        value,
        format!("{digits} × 10<sup>{}</sup>", power.replace('-', "−")),
    )
}

/// Thousands apart, by a space that is narrow and does not break.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "−" } else { "" });
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{202F}');
        }
        text.push(digit);
    }
    text
}

/// A picture with words below it.
pub fn figure(pictures: &[Svg], caption: &str) -> String {
    let pictures: String = pictures.iter().map(Svg::to_string).collect();
    format!(
        "<figure><div class=\"row\">{pictures}</div><figcaption>{caption}</figcaption></figure>"
    )
}

/// Line under a part that says how it was checked.
pub fn checked(text: &str) -> String {
    format!("<p class=\"checked\"><strong>Checked.</strong> {text}</p>")
}
