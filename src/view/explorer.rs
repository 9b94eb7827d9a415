//! A page to explore a trace with: one file that loads nothing and can be sent to a friend.

use super::stepper::{Answer, Session};
use super::svg::escape;
use super::{json, svg};
use crate::trace::Trace;

/// The trace as an HTML page: its picture, its frames as a list and, where scripts may run, a
/// stepper with prediction and inputs to drag.
///
/// The page computes everything a second time, with rules of its own, and says how far it is from
/// the recording. An operation that it does not know, and matrices, are shown as recorded. `title`
/// is what the page is about.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let x = tape.var(3.0).named("<b>");
/// let page = chainrule::view::html(&(x * 2.0).trace(), "twice x");
/// assert!(page.starts_with("<!doctype html>") && !page.contains("<b>"));
/// ```
pub fn html(trace: &Trace, title: &str) -> String {
    let list = (0..trace.frames.len()).map(|index| {
        let mut session = Session::new(trace);
        session.answer(&format!("g {}", index + 1));
        let sentence = session.sentence();
        // The list has numbers of its own.
        let text = sentence.split_once(". ").map_or(sentence.as_str(), |(_, text)| text);
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        let Answer::Words(why) = session.answer("w") else { return String::new() };
        format!(
            "<li id=\"f={number}\" data-why=\"{}\"><a href=\"#f={number}\">{}</a> {}</li>\n",
            escape(why.trim_end()).replace('"', "&quot;"),
            escape(first),
            escape(rest.trim_end()),
            number = index + 1,
        )
    });
    let parts = [
        ("{title}", escape(title)),
        ("{style}", include_str!("explorer.css").to_string()),
        ("{svg}", svg(trace)),
        ("{list}", list.collect()),
        ("{json}", json(trace)),
        ("{script}", include_str!("explorer.js").to_string()),
    ];
    fill(include_str!("explorer.html"), &parts)
}

/// The template with each `{name}` replaced; what is put in is not looked at again.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    loop {
        let found = parts.iter().filter_map(|(name, text)| Some((rest.find(name)?, name, text)));
        let Some((at, name, text)) = found.min_by_key(|(at, ..)| *at) else { break };
        page += &rest[..at];
        page += text;
        rest = &rest[at + name.len()..];
    }
    page + rest
}
