//! The graph of a trace, as SVG and as DOT: values on nodes, local derivatives on edges, and the
//! gradient that an edge carries back as its width, with a glyph for the sign.

use std::fmt::Write;

use super::layout::{Edge, Layout};
use super::svg::{document, escape};
use super::{clip, factor, summary};
use crate::tensor::{Local, Tensor};
use crate::trace::{Contribution, Operand, Trace, short};

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
    "dashed: nothing is carried back to a constant",
];

/// What is written at nodes and edges.
struct Labels<'a> {
    trace: &'a Trace,
    gradients: Vec<Option<Tensor>>,
    /// For each node, the steps that carry its gradient back.
    steps: Vec<Vec<&'a Contribution>>,
    /// The largest number that an edge carries.
    largest: f64,
}

impl<'a> Labels<'a> {
    fn new(trace: &'a Trace) -> Self {
        let mut steps = vec![vec![]; trace.nodes.len()];
        let mut largest = 0.0;
        for step in trace.steps() {
            steps[step.node].push(step);
            largest = size(&step.product).max(largest);
        }
        Labels { trace, gradients: trace.gradients(usize::MAX), steps, largest }
    }

    /// What it is, its value, its gradient.
    fn node(&self, k: usize) -> [String; 3] {
        let node = &self.trace.nodes[k];
        let name = clip(&self.trace.label(k), 14);
        let numbers = node.operands.iter().any(|x| matches!(x, Operand::Number(_)));
        let operands = node.operands.iter().map(|x| match x {
            Operand::Node(_) => "·".to_string(),
            Operand::Number(number) => short(*number),
        });
        let operation = clip(node.operation, 11);
        let title = match node.operands.len() {
            0 => format!("{name} ({operation})"),
            2 if numbers => {
                format!("{name} = {operation}({})", operands.collect::<Vec<_>>().join(", "))
            }
            _ => format!("{name} = {operation}"),
        };
        let gradient = match &self.gradients[k] {
            Some(gradient) => format!("grad {} {}", glyph(gradient), fitting(gradient)),
            None => "no gradient".to_string(),
        };
        [title, fitting(&node.value), gradient]
    }

    fn step(&self, edge: &Edge) -> Option<&'a Contribution> {
        self.steps[edge.node].iter().copied().find(|step| step.operand == edge.operand)
    }

    /// `dL/dz += a (1 - a) × dL/da`, with numbers.
    fn describe(&self, step: &Contribution) -> String {
        let [output, node, input] =
            [self.trace.nodes.len() - 1, step.node, step.input].map(|k| self.trace.label(k));
        let formula = self.trace.slope(step).map_or(String::new(), |slope| format!("{slope} = "));
        format!(
            "d{node}/d{input}: {formula}{}; d{output}/d{node} = {}; product {}, \
             contribution {} of {} to d{output}/d{input}",
            local(step),
            summary(&step.upstream),
            summary(&step.product),
            step.nth,
            step.count,
        )
    }

    /// From 1 for the smallest gradient to 6 for the largest, by orders of magnitude.
    fn width(&self, step: &Contribution) -> f64 {
        let ratio = size(&step.product) / self.largest;
        if ratio > 0.0 { (6.0 + 1.5 * ratio.log10()).max(1.0) } else { 1.0 }
    }
}

/// The largest absolute value of the finite entries.
fn size(matrix: &Tensor) -> f64 {
    matrix.entries().map(f64::abs).filter(|x| x.is_finite()).fold(0.0, f64::max)
}

/// The sign of a number, or of all entries.
fn glyph(gradient: &Tensor) -> char {
    let any = |wanted: fn(&f64) -> bool| gradient.entries().any(|x| wanted(&x));
    match (any(|x| x.is_nan()), any(|x| *x > 0.0), any(|x| *x < 0.0)) {
        (true, ..) => '!',
        (_, true, true) => '±',
        (_, true, _) => '▲',
        (_, _, true) => '▼',
        _ => '○',
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

/// A value in a box: its entries if they are few, else its shape.
fn fitting(value: &Tensor) -> String {
    let text = summary(value);
    if text.chars().count() <= 22 { text } else { format!("{:?}", value.shape()) }
}

fn local(step: &Contribution) -> String {
    match (factor(&step.local), &step.local) {
        (Some(number), _) => format!("× {}", short(number)),
        (None, Local::Elementwise(_)) => format!("× {}", step.local),
        (None, map) => map.to_string(),
    }
}

/// The graph as an SVG picture that needs nothing else, laid out here: inputs above, output below.
///
/// Each node is a `<g data-node="9">`, each edge a `<g data-edge="9.0">` (node and operand) and a
/// `<text>` with the same attribute, so that a page's script can find them. Of a larger trace the
/// newest 250 nodes are drawn.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let x = tape.var(3.0).named("<x>");
/// let picture = chainrule::view::svg(&(x * 2.0).trace());
/// assert!(picture.starts_with("<svg ") && picture.contains("&lt;x&gt; (var)"));
/// ```
pub fn svg(trace: &Trace) -> String {
    let picture = Picture::new(trace);
    let (mut lines, mut boxes, mut words) = (String::new(), String::new(), String::new());
    let mut written = vec![];
    for (edge, (start, end)) in picture.layout.edges.iter().zip(picture.ports()) {
        let (line, label) = picture.edge(edge, start, end, &mut written);
        lines += &line;
        words += &label;
    }
    for (s, slot) in picture.layout.slots.iter().enumerate() {
        if let Some(k) = slot.node {
            boxes += &picture.node(k, picture.place(s));
        }
    }
    let Picture { layout, size: (width, height), .. } = &picture;
    let output = trace.label(trace.nodes.len() - 1);
    let count = layout.slots.iter().filter(|slot| slot.node.is_some()).count();
    let mut description = format!("{count} nodes, the inputs above and {output} below.");
    let mut notes = LEGEND.map(String::from).to_vec();
    if layout.omitted > 0 {
        notes.push(format!("{} older nodes are not drawn.", layout.omitted));
    }
    for (k, note) in notes.iter().enumerate() {
        let y = height + LINE * k as f64;
        let _ = writeln!(words, "<text class=\"quiet\" x=\"{MARGIN}\" y=\"{y:.0}\">{note}</text>");
        description = description + " " + note;
    }
    let size = (*width, height + LINE * notes.len() as f64);
    let title = format!("How {output} was computed, and its gradients");
    document(size, &title, &description, &(lines + &boxes + &words))
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
    size: (f64, f64),
}

/// Left, top, right, bottom.
type Rectangle = [f64; 4];

impl<'a> Picture<'a> {
    fn new(trace: &'a Trace) -> Self {
        let labels = Labels::new(trace);
        let used = (0..trace.nodes.len()).filter(|&k| trace.nodes[k].used);
        let widest =
            used.flat_map(|k| labels.node(k)).map(|line| pixels(&line)).fold(0.0, f64::max);
        let half = widest / 2.0 + 8.0;
        let layout = Layout::new(trace, 2.0 * half + DISTANCE, DISTANCE);

        let across = layout.slots.iter().map(|slot| slot.across);
        let left = across.clone().fold(f64::INFINITY, f64::min) - half;
        let right = across.fold(f64::NEG_INFINITY, f64::max) + half;
        let legend = LEGEND.map(pixels).into_iter().fold(0.0, f64::max);
        let width = (right - left).max(legend) + 2.0 * MARGIN;

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
        let shift = (width - right - left) / 2.0;
        Picture { labels, layout, half, shift, tops, size: (width, height + 2.0 * LINE) }
    }

    /// The middle of the upper side of a slot.
    fn place(&self, slot: usize) -> (f64, f64) {
        let slot = &self.layout.slots[slot];
        (slot.across + self.shift, self.tops[slot.layer])
    }

    /// How far from the middle of its boxes each edge starts and ends: side by side, in the order
    /// of where it comes from and goes to.
    fn ports(&self) -> Vec<(f64, f64)> {
        let across = |slot: usize| self.layout.slots[slot].across;
        let spread = |ends: Vec<(usize, f64)>| {
            let mut order: Vec<usize> = (0..ends.len()).collect();
            order.sort_by(|&e, &f| ends[e].0.cmp(&ends[f].0).then(ends[e].1.total_cmp(&ends[f].1)));
            let mut offsets = vec![0.0; ends.len()];
            for group in order.chunk_by(|&e, &f| ends[e].0 == ends[f].0) {
                let step = (1.6 * self.half / group.len() as f64).min(26.0);
                for (i, &e) in group.iter().enumerate() {
                    offsets[e] = step * (i as f64 - (group.len() - 1) as f64 / 2.0);
                }
            }
            offsets
        };
        let edges = self.layout.edges.iter().map(|edge| &edge.path);
        let starts = spread(edges.clone().map(|path| (path[0], across(path[1]))).collect());
        let last = |path: &Vec<usize>| (path[path.len() - 1], across(path[path.len() - 2]));
        starts.into_iter().zip(spread(edges.map(last).collect())).collect()
    }

    /// The line of an edge, and its label where one finds room between those already written.
    fn edge(
        &self,
        edge: &Edge,
        start: f64,
        end: f64,
        written: &mut Vec<Rectangle>,
    ) -> (String, String) {
        let id = format!("data-edge=\"{}.{}\"", edge.node, edge.operand);
        let step = self.labels.step(edge);
        let width = step.map_or(1.0, |step| self.labels.width(step));
        let mut points: Vec<(f64, f64)> = edge.path.iter().map(|&slot| self.place(slot)).collect();
        let count = points.len();
        points[0] = (points[0].0 + start, points[0].1 + BOX);
        points[count - 1] = (points[count - 1].0 + end, points[count - 1].1 - 7.0);

        let mut path = format!("M{:.1} {:.1}", points[0].0, points[0].1);
        for k in 1..count {
            let ((x, y), (next_x, next_y)) = (points[k - 1], points[k]);
            let middle = (y + next_y) / 2.0;
            let _ =
                write!(path, "C{x:.1} {middle:.1} {next_x:.1} {middle:.1} {next_x:.1} {next_y:.1}");
            if k + 1 < count {
                // A bend passes straight by the boxes of its layer.
                let _ = write!(path, "v{BOX}");
                points[k].1 += BOX;
            }
        }
        let (x, y) = points[count - 1];
        let wing = 3.5 + width / 2.0;
        let head = format!("M{:.1} {y:.1}h{:.1}L{x:.1} {:.1}z", x - wing, 2.0 * wing, y + 7.0);
        let Some(step) = step else {
            let line = format!(
                "<g {id} class=\"quiet\"><path class=\"draw\" stroke-dasharray=\"4 4\" d=\"{path}\"/>\
                 <path class=\"draw\" d=\"{head}\"/></g>\n"
            );
            return (line, String::new());
        };
        let sign = glyph(&step.product);
        let colour = colour(sign);
        let line = format!(
            "<g {id} class=\"{colour}\"><title>{}</title>\
             <path class=\"draw\" stroke-width=\"{width:.1}\" d=\"{path}\"/>\
             <path class=\"fill\" d=\"{head}\"/></g>\n",
            escape(&self.labels.describe(step)),
        );
        let text = local(step);
        let wide = pixels(&text) + 20.0;
        let label = label_place(points[count - 2], (x, y), wide, written).map(|[left, top]| {
            let text = escape(&text);
            let (middle, base) = (left + wide / 2.0, top + 11.0);
            format!(
                "<g {id}><rect class=\"ground\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" \
                 height=\"15\"/><text text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{base:.1}\">{text} \
                 <tspan class=\"{colour}\">{sign}</tspan></text></g>\n"
            )
        });
        (line, label.unwrap_or_default())
    }

    fn node(&self, k: usize, (x, top): (f64, f64)) -> String {
        let node = &self.labels.trace.nodes[k];
        let [title, value, gradient] = self.labels.node(k).map(|line| escape(&line));
        let colour = self.labels.gradients[k].as_ref().map_or("quiet", |g| colour(glyph(g)));
        let full = format!(
            "{} = {}, {}",
            self.labels.trace.label(k),
            self.labels.trace.formula(k),
            node.at
        );
        let (left, width) = (x - self.half, 2.0 * self.half);
        let line = |number: f64| top + number * LINE;
        let corner = if node.operands.is_empty() { 12 } else { 3 };
        format!(
            "<g data-node=\"{k}\"><title>{}</title>\
             <rect class=\"box\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{BOX}\" \
             rx=\"{corner}\"/>\
             <text text-anchor=\"middle\"><tspan class=\"strong\" x=\"{x:.1}\" y=\"{:.1}\">{title}</tspan>\
             <tspan x=\"{x:.1}\" y=\"{:.1}\">{value}</tspan>\
             <tspan class=\"{colour}\" x=\"{x:.1}\" y=\"{:.1}\">{gradient}</tspan></text></g>\n",
            escape(&full),
            line(1.0),
            line(2.0),
            line(3.0),
        )
    }
}

/// The width of a line of text; from Hangul on, characters may be two columns wide.
fn pixels(text: &str) -> f64 {
    text.chars()
        .map(|c| {
            if c < '\u{1100}' || ('\u{2000}'..'\u{2600}').contains(&c) {
                CHARACTER
            } else {
                2.0 * CHARACTER
            }
        })
        .sum()
}

/// The first free place for a label along the last curve of an edge: in the middle, or else a
/// little above or below. None if all are taken: the edge's title still says it all.
fn label_place(
    (x, y): (f64, f64),
    (end_x, end_y): (f64, f64),
    width: f64,
    written: &mut Vec<Rectangle>,
) -> Option<[f64; 2]> {
    for t in [0.5, 0.62, 0.38, 0.74, 0.26, 0.84, 0.16] {
        let along = t * t * (3.0 - 2.0 * t); // the curve's way across
        let down = 1.5 * t * (1.0 - t) + t * t * t;
        let (left, top) = (x + (end_x - x) * along - width / 2.0, y + (end_y - y) * down - 7.5);
        let place = [left, top, left + width, top + 15.0];
        let apart = |other: &Rectangle| {
            place[2] < other[0] || other[2] < place[0] || place[3] < other[1] || other[3] < place[1]
        };
        if written.iter().all(apart) {
            written.push(place);
            return Some([left, top]);
        }
    }
    None
}

/// The graph in the language of Graphviz.
///
/// ```
/// let tape = chainrule::scalar::Tape::new();
/// let x = tape.var(3.0).named("x");
/// let text = chainrule::view::dot(&(x * 2.0).trace());
/// assert!(text.contains(r##"n1 [label="#1 = mul(·, 2)\n6\ngrad ▲ 1"]"##));
/// assert!(text.contains(r##"n0 -> n1 [label="× 2 ▲", color="#0072b2", penwidth=6.0]"##));
/// ```
pub fn dot(trace: &Trace) -> String {
    let labels = Labels::new(trace);
    let mut text = String::from("digraph trace {\n  node [shape=box, fontname=\"monospace\"];\n");
    let mut edges = String::new();
    for (k, node) in trace.nodes.iter().enumerate().filter(|(_, node)| node.used) {
        let lines = labels.node(k).map(|line| line.replace('\\', "\\\\").replace('"', "\\\""));
        let _ = writeln!(text, "  n{k} [label=\"{}\"];", lines.join("\\n"));
        for (operand, input) in node.operands.iter().enumerate() {
            let Operand::Node(input) = *input else { continue };
            let edge = Edge { node: k, operand, path: vec![] };
            let look = labels.step(&edge).map_or("style=dashed".to_string(), |step| {
                let sign = glyph(&step.product);
                let colour = match colour(sign) {
                    "c0" => "#0072b2",
                    "c1" => "#d55e00",
                    _ => "#595959",
                };
                let width = labels.width(step);
                format!("label=\"{} {sign}\", color=\"{colour}\", penwidth={width:.1}", local(step))
            });
            let _ = writeln!(edges, "  n{input} -> n{k} [{look}];");
        }
    }
    text + &edges + "}\n"
}
