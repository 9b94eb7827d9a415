//! What shows itself in a Rust notebook, where it is the last expression of a cell.
//!
//! The kernel, [evcxr](https://github.com/evcxr/evcxr), calls `evcxr_display` if a value has it. The
//! method prints its content between two marks: a notebook takes the richest, a terminal the text.

use super::plot::Plot;
use super::svg::escape;
use super::{svg, table};
use crate::check::{ActivationReport, Comparison, Derivation, GradientReport};
use crate::trace::Trace;

macro_rules! shown {
    ($($type:ty: $text:expr, $mime:literal, $rich:expr;)*) => {$(
        impl $type {
            /// Shows it in a notebook, where it is the last expression of a cell: see
            /// `docs/notebook.md`.
            pub fn evcxr_display(&self) {
                for (mime, content) in [("text/plain", $text(self)), ($mime, $rich(self))] {
                    println!("EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT");
                }
            }
        }
    )*};
}

shown! {
    Trace: table, "image/svg+xml", svg;
    Plot: Plot::braille, "image/svg+xml", Plot::svg;
    Comparison: Comparison::to_string, "text/html", html;
    Derivation: Derivation::to_string, "text/html", html;
    GradientReport: GradientReport::to_string, "text/html", html;
    ActivationReport: ActivationReport::to_string, "text/html", html;
}

/// A report as HTML: lines of three cells or more, with two spaces between them, are the rows of a
/// table.
fn html(report: &impl ToString) -> String {
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    let cells = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(escape).collect()
    };
    let is_row = |line: &str| cells(line).len() > 2;
    let part = |lines: &[&str]| match is_row(lines[0]) {
        true => {
            let row =
                |line: &&str| format!("<tr><td>{}</td></tr>\n", cells(line).join("</td><td>"));
            format!("<table>\n{}</table>\n", lines.iter().map(row).collect::<String>())
        }
        false => format!(
            "<pre>{}</pre>\n",
            lines.iter().map(|line| escape(line) + "\n").collect::<String>()
        ),
    };
    lines.chunk_by(|line, next| is_row(line) == is_row(next)).map(part).collect()
}

#[cfg(test)]
mod tests {
    /// Names of a learner stay text, and what is no row stays as it is.
    #[test]
    fn a_report_becomes_a_table() {
        let report =
            "  param  reverse mode  by hand\n  d<w>            0.5     0.25\nverdict:  DISAGREE";
        let expected = "<table>\n<tr><td>param</td><td>reverse mode</td><td>by hand</td></tr>\n\
                        <tr><td>d&lt;w&gt;</td><td>0.5</td><td>0.25</td></tr>\n</table>\n\
                        <pre>verdict:  DISAGREE\n</pre>\n";
        assert_eq!(super::html(&report), expected);
    }
}
