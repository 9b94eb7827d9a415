//! The graph of a trace as SVG.

use super::graph::{Labels, glyph};
use super::layout::{Edge, Layout};
use super::svg::{CHARACTER, document, escape, without_style};
use super::{MAPS, local, summary};
use crate::trace::{Contribution, Trace, short};

/// Height of a line and of the row that holds the gradient, and distance between boxes, in pixels.
const LINE: f64 = 18.0;
const ROW: f64 = 20.0;
const DISTANCE: f64 = 12.0;
/// Length of an arrow head, and what a gap between two columns needs besides its labels.
const HEAD: f64 = 12.0;
const ENDS: f64 = 2.0 * HEAD + 8.0;
const MARGIN: f64 = 4.0;
/// The least gap that has room for an arrow.
const NARROW: f64 = 30.0;

const LEGEND: [&str; 4] = [
    "To the right: values. To the left: gradients.",
    "× local derivative; ▲ ▼ ± sign of what is carried back,",
    "and the wider the edge, the larger it is;",
    "dashed: nothing is carried back to a constant.",
];

/// The graph as an SVG picture that needs nothing else, laid out here: inputs on the left, output
/// on the right, as it stands after the backward pass.
///
/// Each node is a `<g data-node="9">`; each edge, and its label, is a `<g data-edge="9.0">` (node
/// and operand): a page's script can find them. In a trace of more than 60 nodes those that one line
/// computed, for many examples or in a loop, share a box; of these the newest 250 are drawn.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let x = tape.var(3.0).named("<x>");
/// let picture = chainrule::view::svg(&(x * 2.0).trace());
/// assert!(picture.starts_with("<svg ") && picture.contains("&lt;x&gt;"));
/// ```
pub fn svg(trace: &Trace) -> String {
    let matrices = trace.nodes.iter().any(|node| node.value.shape() != (1, 1));
    let notes: Vec<&str> = LEGEND.into_iter().chain(matrices.then_some(MAPS)).collect();
    Picture::new(trace, None).text(&notes)
}

/// The same for a page that is `room` pixels wide, which has a legend of its own: as narrow as
/// that if it can be, with fewer digits or without labels on the edges.
pub(super) fn svg_within(trace: &Trace, room: f64) -> String {
    without_style(&Picture::new(trace, Some(room)).text(&[]))
}

/// The layout in pixels.
struct Picture<'a> {
    labels: Labels<'a>,
    layout: Layout,
    /// How many letters and decimals a number may have.
    most: (usize, usize),
    /// What to add to a slot's place to have it from the top.
    shift: f64,
    /// Where each column begins and ends.
    columns: Vec<(f64, f64)>,
    size: (f64, f64),
    is_for_page: bool,
}

/// Left, top, right, bottom.
type Rectangle = [f64; 4];
type Point = (f64, f64);

impl<'a> Picture<'a> {
    fn new(trace: &'a Trace, room: Option<f64>) -> Self {
        let labels = Labels::new(trace);
        let height = |k: usize| height(trace, k) + DISTANCE;
        let layout = Layout::new(trace, height, DISTANCE);
        let edges = trace.steps().map(|step| width(&labels.edge(step)) + ENDS);
        let mut gap = edges.fold(NARROW, f64::max).min(150.0);
        // What the page has no room for it does without.
        let (mut widths, mut most) = (vec![], (0, 0));
        for few in [(22, 4), (22, 3), (12, 3)] {
            most = few;
            let widest = |column: &Vec<usize>| {
                let boxes =
                    column.iter().map(|&slot| wide(&labels, &layout.slots[slot].nodes, most));
                boxes.fold(0.0, f64::max)
            };
            widths = layout.layers.iter().map(widest).collect::<Vec<_>>();
            let Some(room) = room else { break };
            let rest = room - widths.iter().sum::<f64>() - 2.0 * MARGIN;
            let fair = rest / (widths.len() as f64 - 1.0).max(1.0);
            gap = fair.clamp(NARROW, 150.0);
            if fair >= NARROW {
                break;
            }
        }
        let (mut columns, mut x) = (vec![], MARGIN);
        for width in widths {
            columns.push((x, x + width));
            x += width + gap;
        }
        let extent = layout.slots.iter().map(|slot| {
            let half = slot.node().map_or(0.0, |k| height(k) - DISTANCE) / 2.0;
            (slot.across - half, slot.across + half)
        });
        let (top, bottom) =
            extent.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), (c, d)| (a.min(c), b.max(d)));
        // Above the first box there is room for a label.
        let size = (x - gap + MARGIN, bottom - top + 2.0 * MARGIN + LINE);
        let (shift, is_for_page) = (MARGIN + LINE - top, room.is_some());
        Picture { labels, layout, most, shift, columns, size, is_for_page }
    }

    /// Draws it, and the notes below it.
    fn text(&self, notes: &[&str]) -> String {
        let (mut body, mut labels) = (String::new(), String::new()); // these above all lines
        let mut taken = vec![];
        for (edge, (start, end, room)) in self.layout.edges.iter().zip(self.ports()) {
            let points = self.points(edge, start, end);
            body += &self.line(edge, &points, room);
            labels += &self.label(edge, &points, &mut taken);
        }
        for (s, slot) in self.layout.slots.iter().enumerate() {
            if !slot.nodes.is_empty() {
                body += &self.node(&slot.nodes, self.place(s));
            }
        }
        body += &labels;
        let output = self.labels.trace.label(self.labels.trace.nodes.len() - 1);
        let count: usize = self.layout.slots.iter().map(|slot| slot.nodes.len()).sum();
        let shared = self.layout.slots.iter().any(|slot| slot.nodes.len() > 1);
        let mut description = format!("{count} nodes, the inputs left and {output} right.");
        let omitted = match self.layout.omitted {
            0 => None,
            count => Some(format!("{count} older nodes are not drawn.")),
        };
        let (mut wide, mut height) = self.size;
        let shared = shared && !self.is_for_page;
        let shared =
            shared.then(|| "1 of 20: the first of 20 nodes that one line computed.".into());
        for note in notes.iter().map(|note| note.to_string()).chain(shared).chain(omitted) {
            height += LINE;
            wide = wide.max(width(&note) + 2.0 * MARGIN);
            let y = height - 6.0;
            body += &format!("<text class=\"quiet\" x=\"{MARGIN}\" y=\"{y:.0}\">{note}</text>\n");
            description = description + " " + &note;
        }
        let title = format!("How {output} was computed, and its gradients");
        let (letters, decimals) = self.most;
        let body = format!(
            "<g class=\"graph\" data-letters=\"{letters}\" data-decimals=\"{decimals}\">{body}</g>\n"
        );
        document((wide, height), &title, &description, &body)
    }

    /// The left and right side of a slot, and the height of its middle.
    fn place(&self, slot: usize) -> ((f64, f64), f64) {
        let slot = &self.layout.slots[slot];
        (self.columns[slot.layer], slot.across + self.shift)
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
                let node = self.layout.slots[ends[group[0]].0].node().unwrap_or_default();
                let side = height(self.labels.trace, node);
                let room = (0.8 * side / group.len() as f64).min(16.0);
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

    /// Where the edge starts, and then where each of its curves ends, and where it goes on behind
    /// the boxes that it passes by.
    fn points(&self, edge: &Edge, start: f64, end: f64) -> Vec<Point> {
        let mut points = vec![];
        for (k, &slot) in edge.path.iter().enumerate() {
            let ((left, right), y) = self.place(slot);
            match k {
                0 => points.push((right, y + start)),
                _ if k + 1 == edge.path.len() => points.push((left, y + end)),
                _ => points.extend([(left, y), (right, y)]),
            }
        }
        points
    }

    fn line(&self, edge: &Edge, points: &[Point], room: f64) -> String {
        let step = self.labels.step(edge.node, edge.operand);
        let mut path = String::new();
        for curve in points.chunks(2) {
            let [(x, y), (end_x, end_y)] = [curve[0], curve[curve.len() - 1]];
            let middle = (x + end_x) / 2.0;
            path += &format!("{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' });
            path += &format!("C{middle:.1} {y:.1} {middle:.1} {end_y:.1} {end_x:.1} {end_y:.1}");
        }
        // A value goes forward with a small head, a gradient comes back with one that fits it.
        let thickness = step.map_or(1.0, |step| self.labels.width(step)).min(0.7 * room);
        let wing = (3.5 + thickness / 2.0).min(room / 2.0);
        let [(start, y), (end, end_y)] = [points[0], points[points.len() - 1]];
        let fore = format!("M{end:.1} {end_y:.1}l-8 -4v8z");
        let back = format!("M{start:.1} {y:.1}l{HEAD} -{wing:.1}v{:.1}z", 2.0 * wing);
        let class = step.map_or("quiet dashed", |step| colour(glyph(&step.product)));
        let back = step.map_or(String::new(), |_| format!("<path class=\"back\" d=\"{back}\"/>"));
        let title = match step {
            _ if self.is_for_page => String::new(), // it says the steps in other places
            Some(step) => format!("<title>{}</title>", escape(&self.describe(step))),
            None => "<title>a constant: nothing is carried back</title>".to_string(),
        };
        format!(
            "<g data-edge=\"{}.{}\" class=\"{class}\">{title}<path class=\"draw\" \
             stroke-width=\"{thickness:.1}\" d=\"{path}\"/>\
             <path class=\"fore\" d=\"{fore}\"/>{back}</g>\n",
            edge.node, edge.operand,
        )
    }

    /// The local derivative, between the arrow heads of the last gap that the edge runs through:
    /// on the middle of its curve, or else a little nearer to one end. Where there is no room, the
    /// edge's title says it.
    fn label(&self, edge: &Edge, points: &[Point], taken: &mut Vec<Rectangle>) -> String {
        let Some(step) = self.labels.step(edge.node, edge.operand) else { return String::new() };
        let [(x, y), (end_x, end_y)] = [points[points.len() - 2], points[points.len() - 1]];
        let text = self.labels.edge(step).replace('-', "−");
        let (x, across) = ((x + end_x) / 2.0, width(&text));
        if across + ENDS > end_x - points[points.len() - 2].0 + 0.1 {
            return String::new();
        }
        for t in [0.5_f64, 0.6, 0.4, 0.7, 0.3, 0.85, 0.15] {
            let y = y + (end_y - y) * t * t * (3.0 - 2.0 * t) - 11.5;
            let place = [x - across / 2.0, y - 8.0, x + across / 2.0, y + 8.0];
            let apart = |other: &Rectangle| {
                let beside = place[2] < other[0] || other[2] < place[0];
                beside || place[3] < other[1] || other[3] < place[1]
            };
            if taken.iter().all(apart) {
                taken.push(place);
                return format!(
                    "<g data-edge=\"{}.{}\"><text class=\"local\" x=\"{x:.1}\" y=\"{:.1}\">{}\
                     </text></g>\n",
                    edge.node,
                    edge.operand,
                    y + 5.0,
                    escape(&text),
                );
            }
        }
        String::new()
    }

    /// A box, with the numbers of its first node.
    fn node(&self, nodes: &[usize], ((left, right), middle): ((f64, f64), f64)) -> String {
        let Labels { trace, gradients, .. } = &self.labels;
        let k = nodes[0];
        let node = &trace.nodes[k];
        let high = height(trace, k);
        let (x, top, wide) = ((left + right) / 2.0, middle - high / 2.0, right - left);
        let (corner, class) = match node.operands.is_empty() {
            true => (12, if node.varies { "" } else { "dashed" }),
            false => (4, ""),
        };
        let mut whole = format!("{} = {}", trace.label(k), trace.formula(k));
        if !self.is_for_page {
            whole += &format!(", {}", node.at);
        }
        let (mut all, mut sheets) = (String::new(), String::new());
        if nodes.len() > 1 {
            let list: Vec<String> = nodes.iter().map(usize::to_string).collect();
            all = format!(" data-nodes=\"{}\"", list.join(" "));
            let (left, wide) = (left + 8.0, wide - 16.0);
            let sheet = |y: f64| format!("M{left:.1} {:.1}h{wide:.1}", top - y);
            sheets = format!("<path class=\"guide\" d=\"{}{}\"/>", sheet(3.0), sheet(6.0));
            whole = format!("{} nodes, {}", nodes.len(), node.at);
        }
        let mut text = format!(
            "<g data-node=\"{k}\"{all} class=\"{class}\"><title>{}</title><rect class=\"box\" \
             x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{high}\" rx=\"{corner}\"/>\
             {sheets}",
            escape(&whole),
        );
        if node.varies {
            let y = top + high - ROW;
            text += &format!("<path class=\"grid\" d=\"M{left:.1} {y:.1}h{wide:.1}\"/>");
        }
        let sign = gradients[k].as_ref().map_or("", |gradient| colour(glyph(gradient)));
        let name = self.labels.title(nodes, 1);
        let [value, gradient] = self.labels.numbers(k, self.most.0, self.most.1);
        let mut y = top + LINE;
        let mut line = |line: String| {
            text += &format!("<text x=\"{x:.1}\" y=\"{y:.1}\">{line}</text>");
            y += LINE;
        };
        let name = format!("<tspan class=\"strong\">{}</tspan>", escape(&name));
        let value = format!("<tspan class=\"value\">{}</tspan>", escape(&value));
        if node.operands.is_empty() {
            line(format!("{name}{value}"));
        } else {
            line(name);
            line(value);
        }
        if node.varies {
            y = top + high - 5.0;
            text += &format!(
                "<text class=\"gradient {sign}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
                escape(&gradient)
            );
        }
        text + "</g>\n"
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

/// What the box of these nodes says needs so much room, whichever it shows; 0 of a bend.
fn wide(labels: &Labels, nodes: &[usize], (letters, decimals): (usize, usize)) -> f64 {
    let Some(&first) = nodes.first() else { return 0.0 };
    let name = width(&labels.title(nodes, nodes.len()));
    let is_input = labels.trace.nodes[first].operands.is_empty();
    let text = |&k: &usize| {
        let [value, gradient] = labels.numbers(k, letters, decimals);
        let line = if is_input { name + width(&value) } else { name.max(width(&value)) };
        line.max(width(&gradient)) + 12.0
    };
    nodes.iter().map(text).fold(0.0, f64::max)
}

/// The height of a node's box: an input says all in one line; below a rule stands the gradient.
fn height(trace: &Trace, k: usize) -> f64 {
    let node = &trace.nodes[k];
    let lines = if node.operands.is_empty() { 1.0 } else { 2.0 };
    lines * LINE + 8.0 + if node.varies { ROW } else { 0.0 }
}
