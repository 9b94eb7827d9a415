//! The paper of an SVG plot: axes, markers, legend.

use super::axis::Axis;
use crate::view::clip;
use crate::view::svg::{CHARACTER, document, escape};

pub(super) const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
pub(super) const MARGIN: f64 = 16.0;
const LINE: f64 = 22.0;
/// Below the area: the numbers and the label of the axis.
const BOTTOM: f64 = 58.0;
/// The piece of line before a name in the legend, and what it takes beside the name.
const KEY: f64 = 36.0;
const BESIDE: f64 = KEY + 28.0;

pub(super) struct Sheet<'a> {
    pub axes: [Axis; 2],
    title: &'a str,
    /// The names in the legend, each with its place.
    names: Vec<(String, Point)>,
    /// Left, top and width of the area between the axes.
    left: f64,
    top: f64,
    width: f64,
}

/// A point of a curve, or of the paper.
pub(super) type Point = (f64, f64);

impl<'a> Sheet<'a> {
    /// A legend of these names stands below the title, in as many rows as it needs.
    pub fn new(title: &'a str, axes: [Axis; 2], names: &[&str]) -> Sheet<'a> {
        let (mut x, mut y) = (MARGIN, 2.0 * LINE);
        let mut place = |name: &&str| {
            let name = clip(name, 40);
            let wide = BESIDE + CHARACTER * name.chars().count() as f64;
            if x > MARGIN && x + wide > WIDTH {
                (x, y) = (MARGIN, y + LINE);
            }
            x += wide;
            (name, (x - wide, y))
        };
        let names: Vec<_> = names.iter().map(&mut place).collect();
        let rows = if names.is_empty() { y - LINE } else { y };
        let ticks = axes[1].ticks().map(|tick| axes[1].label(tick).len());
        let left = MARGIN + CHARACTER * ticks.max().unwrap_or(0) as f64 + 8.0;
        // The last number below the axis is half outside.
        let width = WIDTH - left - 2.0 * MARGIN;
        Sheet { axes, title, names, left, top: rows + LINE + 20.0, width }
    }

    /// Where a point lies on paper.
    pub fn place(&self, (x, y): Point) -> Point {
        let [across, up] = [self.axes[0].part(x), self.axes[1].part(y)];
        (self.left + self.width * across, self.top + HEIGHT * (1.0 - up))
    }

    /// The finished picture: title, grid, axes with their labels, `drawing`, and a note if any.
    pub fn finish(
        &self,
        labels: [&str; 2],
        drawing: &str,
        description: &str,
        note: &str,
    ) -> String {
        let Sheet { axes, title, left, top, width, .. } = self;
        let (bottom, right) = (top + HEIGHT, left + width);
        let text = |look: &str, (x, y): Point, words: &str| {
            format!("<text {look} x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escape(words))
        };
        let mut body = text("class=\"strong\"", (MARGIN, LINE), title);
        body += &text("class=\"quiet\"", (MARGIN, top - 14.0), labels[1]);
        body += &text("class=\"quiet\" text-anchor=\"end\"", (right, bottom + 42.0), labels[0]);
        for tick in axes[0].ticks() {
            let (x, _) = self.place((tick, 0.0));
            body += &format!("<path class=\"grid\" d=\"M{x:.1} {top}v{HEIGHT}\"/>");
            body += &text("text-anchor=\"middle\"", (x, bottom + 20.0), &axes[0].label(tick));
        }
        for tick in axes[1].ticks() {
            let (_, y) = self.place((0.0, tick));
            body += &format!("<path class=\"grid\" d=\"M{left:.1} {y:.1}h{width:.1}\"/>");
            body += &text("text-anchor=\"end\"", (left - 8.0, y + 5.0), &axes[1].label(tick));
        }
        body += drawing;
        let mut height = bottom + BOTTOM;
        if !note.is_empty() {
            body += &text("class=\"quiet\"", (MARGIN, height), note);
            height += LINE;
        }
        document((WIDTH, height), title, &format!("{description} {note}"), &body)
    }

    /// Row `k` of the legend, if there is one: the marker on a piece of its line, and a name.
    pub fn key(&self, k: usize, line: &str) -> String {
        let Some((name, (x, y))) = self.names.get(k) else { return String::new() };
        format!(
            "<path {line} d=\"M{x} {y}h{KEY}\"/>{}<text x=\"{:.1}\" y=\"{}\">{}</text>\n",
            marker(k, (x + KEY / 2.0, *y)),
            x + KEY + 8.0,
            y + 5.0,
            escape(name)
        )
    }
}

/// The glyph of class or curve `k`: disc, triangle, square, diamond.
pub(super) fn marker(k: usize, (x, y): Point) -> String {
    let path = match k % 4 {
        0 => format!("M{:.1} {y:.1}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z", x - 3.5),
        1 => format!("M{x:.1} {:.1}l4.5 8h-9z", y - 5.0),
        2 => format!("M{:.1} {:.1}h7v7h-7z", x - 3.5, y - 3.5),
        _ => format!("M{x:.1} {:.1}l5 5l-5 5l-5 -5z", y - 5.0),
    };
    format!("<path class=\"fill\" d=\"{path}\"/>")
}
