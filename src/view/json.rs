//! A trace as JSON.

use std::fmt::Write;

use crate::tensor::{Local, Tensor};
use crate::trace::{Frame, Operand, Place, Trace};

/// All of a trace: `{"nodes": […], "frames": […]}`.
///
/// `ours` says whether the operation is a rule of this crate; `source` is the line of a typed
/// formula, and below it the place underlined. Matrices are lists of their entries, row by row; the
/// node says the shape. A local derivative is a number, a list (the slope of each entry) or a text
/// (another linear map). Numbers read back to the same bits; NaN and the infinities, which JSON
/// lacks, are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`. `<` is escaped, so the text may
/// stand inside a `<script>` element.
///
/// ```
/// use chainrule::{scalar::Tape, view};
/// let tape = Tape::new();
/// let x = tape.var(3.0).named("</script>");
/// let json = view::json(&(2.0 * x).trace());
/// assert!(json.contains(r#"{"id":0,"name":"\u003c/script>","op":"var","ours":true,"formula":"var","#));
/// assert!(json.contains(r#"{"kind":"backward","node":1,"operand":1,"input":0,"local":2.0,"#));
/// ```
pub fn json(trace: &Trace) -> String {
    let nodes = (0..trace.nodes.len()).map(|k| node(trace, k));
    let frames = trace.frames.iter().map(|one| frame(trace, one));
    format!("{{\"nodes\":{},\n\"frames\":{}}}\n", lines(nodes), lines(frames))
}

fn node(trace: &Trace, k: usize) -> String {
    let node = &trace.nodes[k];
    let operands = node.operands.iter().map(|operand| match operand {
        Operand::Node(input) => format!("{{\"node\":{input}}}"),
        Operand::Number(constant) => format!("{{\"number\":{}}}", number(*constant)),
    });
    let (rows, columns) = node.value.shape();
    let place = node.at.start();
    let source = match &node.at {
        Place::Code(_) => String::new(),
        Place::Text(stretch) => {
            format!(",\"source\":{}", list(stretch.underlined().iter().map(|line| text(line))))
        }
    };
    [
        format!("{{\"id\":{k},\"name\":{},\"op\":{}", text(&node.name), text(node.operation.name)),
        format!("\"ours\":{}", node.operation.rule().is_some()),
        format!("\"formula\":{}", text(&trace.formula(k))),
        format!("\"operands\":{}", list(operands)),
        format!("\"shape\":[{rows},{columns}],\"value\":{}", entries(&node.value)),
        format!("\"varies\":{},\"used\":{}", node.varies, node.used),
        format!("\"file\":{},\"line\":{}", text(&place.file), place.line),
        format!("\"column\":{}{source}}}", place.column),
    ]
    .join(",")
}

fn frame(trace: &Trace, frame: &Frame) -> String {
    let step = match frame {
        Frame::Forward(k) => return format!("{{\"kind\":\"forward\",\"node\":{k}}}"),
        Frame::Seed(k) => return format!("{{\"kind\":\"seed\",\"node\":{k}}}"),
        Frame::Backward(step) => step,
    };
    let local = match &step.local {
        Local::Scale(c) => number(*c),
        Local::Elementwise(d) => entries(d),
        map => text(&map.to_string()),
    };
    let slope = trace.slope(step).map_or("null".to_string(), |slope| text(&slope));
    let before = step.before.as_ref().map_or("null".to_string(), entries);
    [
        format!("{{\"kind\":\"backward\",\"node\":{}", step.node),
        format!("\"operand\":{},\"input\":{}", step.operand, step.input),
        format!("\"local\":{local},\"slope\":{slope}"),
        format!("\"upstream\":{}", entries(&step.upstream)),
        format!("\"product\":{}", entries(&step.product)),
        format!("\"before\":{before},\"after\":{}", entries(&step.after)),
        format!("\"nth\":{},\"count\":{}}}", step.nth, step.count),
    ]
    .join(",")
}

pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

pub(super) fn lines(items: impl Iterator<Item = String>) -> String {
    format!("[\n{}]", items.collect::<Vec<_>>().join(",\n"))
}

pub(super) fn entries(value: &Tensor) -> String {
    list(value.entries().map(number))
}

/// The shortest decimal number that reads back to the same bits.
pub(super) fn number(x: f64) -> String {
    match x {
        f64::INFINITY => "\"Infinity\"".to_string(),
        f64::NEG_INFINITY => "\"-Infinity\"".to_string(),
        x if x.is_nan() => "\"NaN\"".to_string(),
        x => format!("{x:?}"),
    }
}

pub(super) fn text(string: &str) -> String {
    let mut quoted = String::from("\"");
    for c in string.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // `<` would end a script element; U+2028 and U+2029 end a line in old JavaScript.
            c if c.is_control() || matches!(c, '<' | '\u{2028}' | '\u{2029}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c)); // a String takes all
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
