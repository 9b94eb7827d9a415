//! A page to explore a trace with: one file that loads nothing and can be sent to a friend.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;

use super::json;
use super::json::text;
use super::page::{fill, page};
use super::picture::svg_within;
use super::stepper::{Answer, Session, find};
use super::svg::escape;
use crate::trace::{Frame, Place, Trace};

/// The trace as an HTML page: its picture, its frames as a list and, where scripts may run, one
/// step at a time with formula, line of code, graph and chain of factors; with predictions, inputs
/// to drag, judges of the gradient and gradient steps.
///
/// The page computes everything a second time, with rules of its own, and says how far it is from
/// the recording. An operation that is not the crate's is shown as recorded. `title` is what the
/// page is about. The lines of code are those that the files hold now, if they can be read.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let x = tape.var(3.0).named("<b>");
/// let page = chainrule::view::html(&(x * 2.0).trace(), "twice x");
/// assert!(page.starts_with("<!doctype html>") && !page.contains("<b>"));
/// ```
pub fn html(trace: &Trace, title: &str) -> String {
    let mut explained = HashSet::new();
    let list = (0..trace.frames.len()).map(|index| {
        let mut session = Session::new(trace);
        session.answer(&format!("g {}", index + 1));
        let sentence = session.sentence();
        // The list has numbers of its own.
        let text = sentence.split_once(". ").map_or(sentence.as_str(), |(_, text)| text);
        // Nor does the page show a negative zero.
        let positive = |word: &str| match word.trim_matches(['[', ']', ';', ',', '.']) {
            "-0" => word.replace('-', ""),
            _ => word.to_string(),
        };
        let text = text.trim_end().split(' ').map(positive).collect::<Vec<_>>().join(" ");
        let text = text.replace(", contribution 1 of 1.", ".");
        let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
        // The rule alone, in its first line, once for each operation; what the chain rule is, the page
        // shows.
        let why = match (&trace.frames[index], session.answer("w")) {
            (Frame::Backward(step), Answer::Words(why))
                if explained.insert(trace.nodes[step.node].operation.rule()) =>
            {
                let rule = why.lines().next().unwrap_or_default();
                format!(" data-why=\"{}\"", escape(rule).replace('"', "&quot;"))
            }
            _ => String::new(),
        };
        format!(
            "<li id=\"f={number}\"{why}><a href=\"#f={number}\">{}</a> {}</li>\n",
            escape(first),
            escape(rest),
            number = index + 1,
        )
    });
    let parts = [
        ("{title}", escape(title)),
        ("{output}", escape(&trace.label(trace.nodes.len() - 1)).replace('"', "&quot;")),
        ("{svg}", svg_within(trace, ROOM)),
        ("{list}", list.collect()),
        ("{json}", json(trace)),
        ("{source}", source(trace)),
    ];
    let body = fill(include_str!("explorer.html"), &parts);
    page(&format!("Backprop explorer: {title}"), SCRIPT, body)
}

/// The script and its hash.
const SCRIPT: [&str; 2] =
    ["sha256-h+yuohp+BBsbhONiLTvw4B1U5iiqbUOQUuqxptLnhsg=", include_str!("explorer.js")];

/// What a window of 1280 × 720 has for the graph, in pixels.
const ROOM: f64 = 1248.0;

/// The lines of code around each node: `{"file": {"22": "let z = …"}}`.
fn source(trace: &Trace) -> String {
    let mut files: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for node in trace.nodes.iter().filter(|node| node.used) {
        if let Place::Code(at) = node.at {
            let line = at.line() as usize;
            files.entry(at.file()).or_default().extend(line - 1..=line + 1);
        }
    }
    let object = |items: Vec<String>| format!("{{{}}}", items.join(",\n"));
    let file = |(file, shown): (&&str, &BTreeSet<usize>)| {
        let code = find(file).and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let lines = (1..).zip(code.lines()).filter(|(k, _)| shown.contains(k));
        let lines = lines.map(|(k, line)| format!("\"{k}\":{}", text(line)));
        format!("{}:{}", text(file), object(lines.collect()))
    };
    object(files.iter().map(file).collect())
}
