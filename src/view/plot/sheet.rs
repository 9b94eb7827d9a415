//! The paper of an SVG plot: axes, markers, legend.

use super::axis::Axis;
use crate::view::clip;
use crate::view::svg::{document, escape};

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 44.0;
/// Below the area: the numbers, the label of the axis, and a note.
const BOTTOM: f64 = 66.0;
const NOTE: f64 = 24.0;
/// Beside the area, where there is a legend.
const RIGHT: f64 = 168.0;

pub(super) struct Sheet {
    pub axes: [Axis; 2],
    pub legend: bool,
    pub title: String,
}

impl Sheet {
    /// Left, top, width and height of the area between the axes.
    pub fn area(&self) -> [f64; 4] {
        let right = if self.legend { RIGHT } else { 28.0 };
        [LEFT, TOP, WIDTH - LEFT - right, HEIGHT]
    }

    /// Where a point lies on paper.
    pub fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let [left, top, width, height] = self.area();
        (left + width * self.axes[0].part(x), top + height * (1.0 - self.axes[1].part(y)))
    }

    /// The finished picture: title, grid, axes with their labels, `drawing`, and a note if any.
    pub fn finish(
        &self,
        labels: [&str; 2],
        drawing: &str,
        description: &str,
        note: &str,
    ) -> String {
        let [left, top, width, height] = self.area();
        let (bottom, middle) = (top + height, left + width / 2.0);
        let text = |class: &str, anchor: &str, x: f64, y: f64, words: &str| {
            let words = escape(words);
            format!(
                "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">\
                 {words}</text>\n"
            )
        };
        let mut body = text("strong", "middle", middle, 24.0, &self.title);
        body += &text("label", "middle", middle, bottom + 42.0, labels[0]);
        body += &format!(
            "<text text-anchor=\"middle\" transform=\"translate(18 {:.1}) rotate(-90)\">\
             {}</text>\n",
            top + height / 2.0,
            escape(labels[1])
        );
        for tick in self.axes[0].ticks() {
            let x = left + width * self.axes[0].part(tick);
            body += &format!("<path class=\"grid\" d=\"M{x:.1} {top}v{height}\"/>");
            body += &text("tick", "middle", x, bottom + 18.0, &self.axes[0].label(tick));
        }
        for tick in self.axes[1].ticks() {
            let y = top + height * (1.0 - self.axes[1].part(tick));
            body += &format!("<path class=\"grid\" d=\"M{left} {y:.1}h{width}\"/>");
            body += &text("tick", "end", left - 8.0, y + 4.0, &self.axes[1].label(tick));
        }
        body += &format!("<path class=\"draw quiet\" d=\"M{left} {top}v{height}h{width}\"/>\n");
        body += drawing;
        let mut size = (WIDTH, bottom + BOTTOM);
        if !note.is_empty() {
            body += &text("quiet", "start", left, size.1, note);
            size.1 += NOTE;
        }
        document(size, &self.title, &format!("{description} {note}"), &body)
    }
}

/// Row `k` of the legend: the marker on a piece of its line, and a name.
pub(super) fn legend(k: usize, line: &str, name: &str) -> String {
    let (x, y) = (WIDTH - RIGHT + 14.0, TOP + 20.0 * k as f64 + 8.0);
    format!(
        "<path {line} d=\"M{x} {y}h36\"/>{}<text x=\"{}\" y=\"{}\">{}</text>\n",
        marker(k, x + 18.0, y),
        x + 44.0,
        y + 4.0,
        escape(&clip(name, 14))
    )
}

/// The glyph of class or curve `k`: disc, triangle, square, diamond.
pub(super) fn marker(k: usize, x: f64, y: f64) -> String {
    let path = match k % 4 {
        0 => format!("M{:.1} {y:.1}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", x - 3.5),
        1 => format!("M{x:.1} {:.1}l4.5 8h-9z", y - 5.0),
        2 => format!("M{:.1} {:.1}h7v7h-7z", x - 3.5, y - 3.5),
        _ => format!("M{x:.1} {:.1}l5 5l-5 5l-5 -5z", y - 5.0),
    };
    format!("<path class=\"fill\" d=\"{path}\"/>")
}
