//! The graph of a trace as SVG.

use super::graph::{Labels, glyph};
use super::layout::{Edge, Layout};
use super::svg::{document, escape};
use super::{MAPS, local, summary};
use crate::trace::{Contribution, Trace, short};

/// Width of a character, height of a line, and distance between boxes, in pixels.
const CHARACTER: f64 = 7.3;
const LINE: f64 = 17.0;
const DISTANCE: f64 = 22.0;
/// Height of a box of three lines, and of the space below it where edges run.
const BOX: f64 = 3.0 * LINE + 9.0;
const GAP: f64 = 62.0;
const MARGIN: f64 = 16.0;

const LEGEND: [&str; 4] = [
    "Read down: values. Read up: gradients.",
    "× local derivative; ▲ ▼ ± sign of what is carried back,",
    "and the wider the edge, the larger it is;",
    "dashed: nothing is carried back to a constant.",
];

/// The graph as an SVG picture that needs nothing else, laid out here: inputs above, output below.
///
/// Each node is a `<g data-node="9">`; each edge, and its label, is a `<g data-edge="9.0">` (node
/// and operand): a page's script can find them. Of a larger trace the newest 250 nodes are drawn.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let x = tape.var(3.0).named("<x>");
/// let picture = chainrule::view::svg(&(x * 2.0).trace());
/// assert!(picture.starts_with("<svg ") && picture.contains("&lt;x&gt; (var)"));
/// ```
pub fn svg(trace: &Trace) -> String {
    let picture = Picture::new(trace);
    let slots = &picture.layout.slots;
    let mut body = String::new();
    let mut labels = String::new(); // above all lines
    let mut taken = vec![];
    for (edge, (start, end, room)) in picture.layout.edges.iter().zip(picture.ports()) {
        let points = picture.points(edge, start, end);
        body += &picture.line(edge, &points, room);
        labels += &picture.label(edge, &points, &mut taken);
    }
    for (s, slot) in slots.iter().enumerate() {
        body += &slot.node.map_or(String::new(), |k| picture.node(k, picture.place(s)));
    }
    body += &labels;
    let output = trace.label(trace.nodes.len() - 1);
    let count = slots.iter().filter(|slot| slot.node.is_some()).count();
    let mut description = format!("{count} nodes, the inputs above and {output} below.");
    let (width, mut height) = picture.size;
    for note in &picture.notes {
        body += &format!("<text class=\"quiet\" x=\"{MARGIN}\" y=\"{height:.0}\">{note}</text>\n");
        description = description + " " + note;
        height += LINE;
    }
    let title = format!("How {output} was computed, and its gradients");
    document((width, height), &title, &description, &body)
}

/// The layout in pixels.
struct Picture<'a> {
    labels: Labels<'a>,
    layout: Layout,
    /// Half the width of a box.
    half: f64,
    /// What to add to a slot's place across.
    shift: f64,
    /// Where each layer begins.
    tops: Vec<f64>,
    /// What stands below the graph.
    notes: Vec<String>,
    size: (f64, f64),
}

/// Left, top, right, bottom.
type Rectangle = [f64; 4];
type Point = (f64, f64);

impl<'a> Picture<'a> {
    fn new(trace: &'a Trace) -> Self {
        let labels = Labels::new(trace);
        let used = (0..trace.nodes.len()).filter(|&k| trace.nodes[k].used);
        let widths = used.flat_map(|k| labels.node(k)).map(|line| width(&line));
        let half = widths.fold(0.0, f64::max) / 2.0 + 8.0;
        let layout = Layout::new(trace, 2.0 * half + DISTANCE, DISTANCE);

        let across = layout.slots.iter().map(|slot| slot.across);
        let left = across.clone().fold(f64::INFINITY, f64::min) - half;
        let right = across.fold(f64::NEG_INFINITY, f64::max) + half;
        let mut notes = LEGEND.map(String::from).to_vec();
        if trace.nodes.iter().any(|node| node.value.shape() != (1, 1)) {
            notes.push(MAPS.to_string());
        }
        if layout.omitted > 0 {
            notes.push(format!("{} older nodes are not drawn.", layout.omitted));
        }
        let widest = notes.iter().map(|note| width(note)).fold(right - left, f64::max);
        let across = widest + 2.0 * MARGIN;

        // Where many edges run, they need room.
        let mut edges = vec![0.0_f64; layout.layers.len()];
        for &slot in layout.edges.iter().flat_map(|edge| &edge.path[1..]) {
            edges[layout.slots[slot].layer] += 1.0;
        }
        let (mut tops, mut height) = (vec![], MARGIN);
        for (k, edges) in edges.into_iter().enumerate() {
            height += if k == 0 { 0.0 } else { GAP + (5.0 * (edges - 6.0)).clamp(0.0, 120.0) };
            tops.push(height);
            height += BOX;
        }
        let shift = (across - right - left) / 2.0;
        let size = (across, height + 2.0 * LINE);
        Picture { labels, layout, half, shift, tops, notes, size }
    }

    /// The middle of the upper side of a slot.
    fn place(&self, slot: usize) -> Point {
        let slot = &self.layout.slots[slot];
        (slot.across + self.shift, self.tops[slot.layer])
    }

    /// How far from the middle of its boxes each edge starts and ends: side by side, in the order
    /// of where it goes to and comes from; and the room that it has there.
    fn ports(&self) -> Vec<(f64, f64, f64)> {
        let across = |slot: usize| self.layout.slots[slot].across;
        let spread = |ends: Vec<(usize, f64)>| {
            let mut order: Vec<usize> = (0..ends.len()).collect();
            order.sort_by(|&e, &f| ends[e].0.cmp(&ends[f].0).then(ends[e].1.total_cmp(&ends[f].1)));
            let mut ports = vec![(0.0, 0.0); ends.len()];
            for group in order.chunk_by(|&e, &f| ends[e].0 == ends[f].0) {
                let room = (1.8 * self.half / group.len() as f64).min(26.0);
                for (i, &e) in group.iter().enumerate() {
                    ports[e] = (room * (i as f64 - (group.len() - 1) as f64 / 2.0), room);
                }
            }
            ports
        };
        let paths = self.layout.edges.iter().map(|edge| &edge.path);
        let starts = spread(paths.clone().map(|path| (path[0], across(path[1]))).collect());
        let end = |path: &Vec<usize>| (path[path.len() - 1], across(path[path.len() - 2]));
        let ends = spread(paths.map(end).collect());
        starts.into_iter().zip(ends).map(|((start, a), (end, b))| (start, end, a.min(b))).collect()
    }

    /// Where the edge starts, and then where each of its curves ends, and where it goes on below
    /// the boxes that it passes by.
    fn points(&self, edge: &Edge, start: f64, end: f64) -> Vec<Point> {
        let mut points = vec![];
        for (k, &slot) in edge.path.iter().enumerate() {
            let (x, top) = self.place(slot);
            match k {
                0 => points.push((x + start, top + BOX)),
                _ if k + 1 == edge.path.len() => points.push((x + end, top - 7.0)),
                _ => points.extend([(x, top), (x, top + BOX)]),
            }
        }
        points
    }

    fn line(&self, edge: &Edge, points: &[Point], room: f64) -> String {
        let step = self.labels.step(edge.node, edge.operand);
        let mut path = String::new();
        for curve in points.chunks(2) {
            let [(x, y), (end_x, end_y)] = [curve[0], curve[curve.len() - 1]];
            let middle = (y + end_y) / 2.0;
            path += &format!("{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' });
            path += &format!("C{x:.1} {middle:.1} {end_x:.1} {middle:.1} {end_x:.1} {end_y:.1}");
        }
        let (x, y) = points[points.len() - 1];
        let thickness = step.map_or(1.0, |step| self.labels.width(step)).min(0.7 * room);
        let wing = (3.5 + thickness / 2.0).min(room / 2.0);
        let head = format!("M{:.1} {y:.1}h{:.1}L{x:.1} {:.1}z", x - wing, 2.0 * wing, y + 7.0);
        let (class, fill, dash) = match step {
            Some(step) => (colour(glyph(&step.product)), "fill", "none"),
            None => ("quiet", "draw", "4 4"),
        };
        format!(
            "<g data-edge=\"{}.{}\" class=\"{class}\"><title>{}</title><path class=\"draw\" \
             stroke-width=\"{thickness:.1}\" stroke-dasharray=\"{dash}\" d=\"{path}\"/>\
             <path class=\"{fill}\" d=\"{head}\"/></g>\n",
            edge.node,
            edge.operand,
            step.map_or("a constant: nothing is carried back".to_string(), |step| escape(
                &self.describe(step)
            )),
        )
    }

    /// The local derivative, in the first free place along the last curve of the edge: in the
    /// middle, or else a little above or below. Where all are taken, the edge's title says it.
    fn label(&self, edge: &Edge, points: &[Point], taken: &mut Vec<Rectangle>) -> String {
        let Some(step) = self.labels.step(edge.node, edge.operand) else { return String::new() };
        let [(x, y), (end_x, end_y)] = [points[points.len() - 2], points[points.len() - 1]];
        let text = self.labels.edge(step);
        let across = width(&text) + 2.5 * CHARACTER; // a space and the glyph
        for t in [0.5, 0.62, 0.38, 0.74, 0.26, 0.84, 0.16] {
            let (to_right, down) = (t * t * (3.0 - 2.0 * t), 1.5 * t * (1.0 - t) + t * t * t);
            let (x, y) = (x + (end_x - x) * to_right, y + (end_y - y) * down);
            let place = [x - across / 2.0, y - 7.5, x + across / 2.0, y + 7.5];
            let apart = |other: &Rectangle| {
                let beside = place[2] < other[0] || other[2] < place[0];
                beside || place[3] < other[1] || other[3] < place[1]
            };
            if taken.iter().all(apart) {
                taken.push(place);
                let sign = glyph(&step.product);
                return format!(
                    "<g data-edge=\"{}.{}\"><rect class=\"ground\" x=\"{:.1}\" y=\"{:.1}\" \
                     width=\"{across:.1}\" height=\"15\"/>\
                     <text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">\
                     {} <tspan class=\"{}\">{sign}</tspan></text></g>\n",
                    edge.node,
                    edge.operand,
                    place[0],
                    place[1],
                    y + 3.5,
                    escape(&text),
                    colour(sign),
                );
            }
        }
        String::new()
    }

    fn node(&self, k: usize, (x, top): Point) -> String {
        let Labels { trace, gradients, .. } = &self.labels;
        let node = &trace.nodes[k];
        let corner = if node.operands.is_empty() { 12 } else { 3 };
        let whole = format!("{} = {}, {}", trace.label(k), trace.formula(k), node.at);
        let mut text = format!(
            "<g data-node=\"{k}\"><title>{}</title><rect class=\"box\" x=\"{:.1}\" y=\"{top:.1}\" \
             width=\"{:.1}\" height=\"{BOX}\" rx=\"{corner}\"/><text text-anchor=\"middle\">",
            escape(&whole),
            x - self.half,
            2.0 * self.half,
        );
        let colour = gradients[k].as_ref().map_or("quiet", |gradient| colour(glyph(gradient)));
        let mut y = top;
        for (class, line) in ["strong", "value", colour].into_iter().zip(self.labels.node(k)) {
            y += LINE;
            let line = escape(&line);
            text += &format!("<tspan class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{line}</tspan>");
        }
        text + "</text></g>\n"
    }

    /// `local × upstream = product` in words and numbers.
    fn describe(&self, step: &Contribution) -> String {
        let Labels { trace, .. } = &self.labels;
        let [output, node, input] =
            [trace.nodes.len() - 1, step.node, step.input].map(|k| trace.label(k));
        format!(
            "d{node}/d{input} = {}; upstream d{output}/d{node} = {}; product {}, \
             contribution {} of {} to d{output}/d{input}",
            trace.slope_with(step, &local(&step.local, short)),
            summary(&step.upstream),
            summary(&step.product),
            step.nth,
            step.count,
        )
    }
}

/// The colour that goes with a glyph.
fn colour(glyph: char) -> &'static str {
    match glyph {
        '▲' => "c0",
        '▼' => "c1",
        '○' => "c5",
        _ => "c3",
    }
}

/// The width of a line of text; from Hangul on, characters may be two columns wide.
fn width(text: &str) -> f64 {
    text.chars().map(|c| if c < '\u{1100}' { CHARACTER } else { 2.0 * CHARACTER }).sum()
}
