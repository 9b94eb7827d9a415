//! Plots: curves, as text and as SVG, and the line that separates two classes.

use std::fmt::Write;

use super::clip;
use super::svg::{document, escape};
use crate::data::Examples;
use crate::error::mistake;
use crate::tensor::Tensor;
use crate::trace::short;

/// Curves in one picture, such as the cost at each iteration.
///
/// What cannot be drawn (NaN, ∞, beyond ±1e300) leaves a gap, and a note says so.
///
/// ```
/// use chainrule::view::plot::Plot;
/// let costs = (0..10).map(|k| (100.0 * k as f64, 0.9_f64.powi(k)));
/// let plot = Plot::new("Cost", "iteration", "cost").curve("rate 0.5", costs);
/// assert!(plot.braille().contains('⠉') && plot.ascii().is_ascii());
/// assert!(plot.svg().starts_with("<svg "));
/// ```
#[derive(Clone, Debug)]
pub struct Plot {
    title: String,
    labels: [String; 2],
    curves: Vec<Curve>,
}

#[derive(Clone, Debug)]
struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Characters across and down in a plot as text.
const COLUMNS: usize = 62;
const ROWS: usize = 16;

impl Plot {
    /// A picture without curves so far; `x` and `y` are the labels of its axes.
    pub fn new(title: &str, x: &str, y: &str) -> Plot {
        Plot { title: title.to_string(), labels: [x, y].map(String::from), curves: vec![] }
    }

    /// The picture with one more curve.
    pub fn curve(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Plot {
        self.curves.push(Curve { name: name.to_string(), points: points.into_iter().collect() });
        self
    }

    /// The picture in braille characters: 2 × 4 dots in each.
    pub fn braille(&self) -> String {
        self.text(true)
    }

    /// The picture in plain ASCII, for terminals without braille. Letters of other alphabets in its
    /// labels become `?`.
    pub fn ascii(&self) -> String {
        self.text(false).replace(|c: char| !c.is_ascii(), "?")
    }

    fn axes(&self) -> [Axis; 2] {
        let points = || self.curves.iter().flat_map(|curve| &curve.points).filter(drawable);
        [Axis::covering(points().map(|p| p.0)), Axis::covering(points().map(|p| p.1))]
    }

    fn note(&self) -> Option<String> {
        let points = self.curves.iter().flat_map(|curve| &curve.points);
        let (total, left_out) = (points.clone().count(), points.filter(|p| !drawable(p)).count());
        match (total, left_out) {
            (0, _) => Some("There is nothing to draw.".to_string()),
            (_, 0) => None,
            _ => {
                Some(format!("A gap: {left_out} of {total} points are NaN, infinite or too large."))
            }
        }
    }

    fn text(&self, braille: bool) -> String {
        let [x, y] = self.axes();
        let (across, down) = if braille { (2, 4) } else { (1, 1) };
        let mut cells = [[' '; COLUMNS]; ROWS];
        let mut marks = vec![];
        for (k, curve) in self.curves.iter().enumerate() {
            let letter = letter(k, self.curves.len());
            let mut dots = vec![];
            for_each_dot(curve, (&x, &y), (COLUMNS * across, ROWS * down), |i, j| {
                let cell = &mut cells[j / down][i / across];
                *cell = if braille { with_dot(*cell, i % 2, j % 4) } else { letter };
                dots.push((i / across, j / down));
            });
            // Braille is the same for all curves: a letter on each, at a place of its own.
            let wanted = COLUMNS * (k + 1) / (self.curves.len() + 1);
            marks.extend(
                dots.into_iter().min_by_key(|dot| dot.0.abs_diff(wanted)).map(|p| (p, letter)),
            );
        }
        for ((i, j), letter) in marks {
            if self.curves.len() > 1 {
                cells[j][i] = letter;
            }
        }
        let width = y.ticks().map(|tick| y.label(tick).len()).max().unwrap_or(0);
        let row_of = |tick: f64| ((1.0 - y.part(tick)) * (ROWS - 1) as f64).round() as usize;
        let mut text = format!("{}\n{:>width$}\n", self.title, self.labels[1]);
        for (j, row) in cells.iter().enumerate() {
            let tick = y.ticks().find(|tick| row_of(*tick) == j).map(|tick| y.label(tick));
            let mark = if tick.is_some() { '+' } else { '|' };
            let line =
                format!("{:>width$} {mark}{}", tick.unwrap_or_default(), String::from_iter(row));
            text += line.trim_end();
            text.push('\n');
        }
        let mut rule = vec!['-'; COLUMNS];
        let mut numbers = String::new();
        for tick in x.ticks() {
            let at = (x.part(tick) * (COLUMNS - 1) as f64).round() as usize;
            rule[at] = '+';
            let label = x.label(tick);
            let start = (at + width + 3).saturating_sub(label.len().div_ceil(2));
            if start > numbers.len() || numbers.is_empty() {
                numbers += &format!("{}{label}", " ".repeat(start - numbers.len()));
            }
        }
        let space = " ".repeat(width + 1);
        let _ = writeln!(text, "{space}+{}\n{numbers}", String::from_iter(rule)); // a String takes all
        let _ = writeln!(text, "{:>1$}", self.labels[0], width + 2 + COLUMNS);
        for (k, curve) in self.curves.iter().enumerate().filter(|_| self.curves.len() > 1) {
            let last = curve
                .points
                .last()
                .map_or(String::new(), |p| format!(", at the end {}", short(p.1)));
            let _ = writeln!(text, "{space} {} {}{last}", letter(k, 2), clip(&curve.name, 40));
        }
        text + &self.note().map_or(String::new(), |note| note + "\n")
    }

    /// The picture as SVG. Each curve has a colour, a dash and a marker of its own.
    pub fn svg(&self) -> String {
        let sheet = Sheet { axes: self.axes(), legend: self.curves.len() > 1 };
        let mut body = sheet.draw_axes(&self.title, &self.labels);
        for (k, curve) in self.curves.iter().enumerate() {
            let mut path = String::new();
            let mut markers = String::new();
            let every = curve.points.len().div_ceil(8).max(1);
            let mut joined = false;
            for (i, point) in curve.points.iter().enumerate() {
                if drawable(&point) {
                    let (x, y) = sheet.at(*point);
                    let alone = !joined && !curve.points.get(i + 1).is_some_and(|p| drawable(&p));
                    let _ = write!(path, "{}{x:.1} {y:.1}", if joined { 'L' } else { 'M' });
                    // Each curve's markers begin a little later, so that they do not hide others.
                    if alone || self.curves.len() > 1 && (i + every - k % every) % every == 0 {
                        markers += &marker(k, x, y);
                    }
                }
                joined = drawable(&point);
            }
            let dash = DASHES[k % DASHES.len()];
            let line = format!("class=\"draw\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"");
            let _ = write!(body, "<g class=\"c{}\"><title>{}</title>", k % 5, escape(&curve.name));
            let _ = writeln!(body, "<path {line} d=\"{path}\"/>{markers}");
            if sheet.legend {
                let y = TOP + 20.0 * k as f64 + 8.0;
                let right = WIDTH - RIGHT + 14.0;
                let _ = write!(
                    body,
                    "<path {line} d=\"M{right} {y}h36\"/>{}",
                    marker(k, right + 18.0, y)
                );
                let name = escape(&clip(&curve.name, 14));
                let _ =
                    writeln!(body, "<text x=\"{}\" y=\"{}\">{name}</text>", right + 44.0, y + 4.0);
            }
            body += "</g>\n";
        }
        let names: Vec<String> = self
            .curves
            .iter()
            .map(|curve| {
                let last = curve.points.last().map_or("nothing".to_string(), |p| short(p.1));
                format!("{} ends at {last}", curve.name)
            })
            .collect();
        let mut description =
            format!("{} against {}: {}.", self.labels[1], self.labels[0], names.join("; "));
        if let Some(note) = self.note() {
            body += &footnote(&note);
            description = description + " " + &note;
        }
        document((WIDTH, HEIGHT), &self.title, &description, &body)
    }
}

/// The data of two features, a glyph for each class, and the line `w·x + b = 0` between the side
/// on which class 0 is predicted and that of class 1; wrong predictions are ringed. As SVG.
///
/// `examples.x` is (2, m), `w` is (2, 1), `classes` are the names of the labels 0 and 1.
///
/// ```
/// use chainrule::{data::Examples, tensor::Tensor, view::plot};
/// let text = "width,height,y\n1,1,0\n2,1,0\n1,3,1\n";
/// let examples = Examples::from_csv(text.as_bytes(), "boxes.csv", None)?;
/// let w = Tensor::new(2, 1, vec![0.0, 1.0]);
/// let picture = plot::boundary("Boxes", &examples, ["flat", "tall"], &w, -2.0);
/// assert!(picture.contains("0 of 3 examples lie on the wrong side"));
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// # Panics
/// If there are not two features, or the shapes do not fit each other.
#[track_caller]
pub fn boundary(
    title: &str,
    examples: &Examples,
    classes: [&str; 2],
    w: &Tensor,
    b: f64,
) -> String {
    let Examples { features, x, y, .. } = examples;
    let m = x.shape().1;
    if (x.shape(), y.shape(), w.shape(), features.len()) != ((2, m), (1, m), (2, 1), 2) {
        mistake(
            "a decision boundary can be drawn for two features only",
            &[format!("X is {:?}, Y is {:?}, w is {:?}", x.shape(), y.shape(), w.shape())],
            "w·x + b = 0 is a line in a plane, and the plane has one axis for each feature",
            "choose two rows of X, and train on these alone",
        )
    }
    let points: Vec<_> = (0..m).map(|j| ((x.get(0, j), x.get(1, j)), y.get(0, j) > 0.5)).collect();
    let shown = || points.iter().filter(|(point, _)| drawable(&point));
    let axes = [
        Axis::covering(shown().map(|(point, _)| point.0)),
        Axis::covering(shown().map(|(point, _)| point.1)),
    ];
    let sheet = Sheet { axes, legend: true };
    let z = |(x, y): (f64, f64)| w.get(0, 0) * x + w.get(1, 0) * y + b;

    let mut body = String::new();
    let [zero, one] = [-1.0, 1.0].map(|side| sheet.half(|point| side * z(point)));
    for (k, (side, _)) in [&zero, &one].into_iter().enumerate() {
        let _ = writeln!(body, "<path class=\"fill c{k}\" fill-opacity=\"0.1\" d=\"{side}\"/>");
    }
    body += &sheet.draw_axes(title, &[features[0].clone(), features[1].clone()]);
    let (mut wrong, mut counts) = (0, [0, 0]);
    for &(point, label) in shown() {
        let (x, y) = sheet.at(point);
        let class = usize::from(label);
        counts[class] += 1;
        let _ = writeln!(body, "<g class=\"c{class}\">{}</g>", marker(class, x, y));
        if (z(point) > 0.0) != label {
            wrong += 1;
            let _ = writeln!(body, "<circle class=\"draw\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\"/>");
        }
    }
    let mut note = format!("{wrong} of {m} examples lie on the wrong side (ringed).");
    match one.1 {
        Some([(x0, y0), (x1, y1)]) => {
            let line = format!("M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}");
            let _ = writeln!(body, "<path class=\"draw\" stroke-width=\"2\" d=\"{line}\"/>");
        }
        None => note += " The line w·x + b = 0 is not in this picture.",
    }
    if m > counts[0] + counts[1] {
        let _ = write!(note, " {} cannot be drawn.", m - counts[0] - counts[1]);
    }
    for (k, class) in classes.into_iter().enumerate() {
        let (x, y) = (WIDTH - RIGHT + 22.0, TOP + 20.0 * k as f64 + 8.0);
        let _ = write!(body, "<g class=\"c{k}\">{}", marker(k, x, y));
        let name = escape(&clip(class, 14));
        let _ = writeln!(body, "<text x=\"{}\" y=\"{}\">{name}</text></g>", x + 14.0, y + 4.0);
    }
    body += &footnote(&note);
    let description = format!(
        "{} against {}: {} examples of {}, {} of {}. The line is {} x + {} y + {} = 0. {note}",
        features[1],
        features[0],
        counts[0],
        classes[0],
        counts[1],
        classes[1],
        short(w.get(0, 0)),
        short(w.get(1, 0)),
        short(b),
    );
    document((WIDTH, HEIGHT), title, &description, &body)
}

/// Whether a point has a place on paper.
fn drawable(point: &&(f64, f64)) -> bool {
    point.0.abs() <= 1e300 && point.1.abs() <= 1e300
}

/// One axis, from a round number to a round number.
#[derive(Debug)]
struct Axis {
    low: f64,
    /// The distance of two ticks: 1, 2 or 5 times a power of ten.
    step: f64,
    /// How many steps there are.
    steps: usize,
    /// The power of ten of the step.
    exponent: i32,
}

impl Axis {
    fn covering(values: impl Iterator<Item = f64>) -> Axis {
        let range = values.fold(None, |range: Option<(f64, f64)>, x| {
            Some(range.map_or((x, x), |(low, high)| (low.min(x), high.max(x))))
        });
        let (mut low, mut high) = range.unwrap_or((0.0, 1.0));
        let size = low.abs().max(high.abs());
        if high - low <= 1e-9 * size || size < 1e-290 {
            // One number, or as good as one: room on both sides of it.
            let room = if size < 1e-290 { 0.5 } else { size / 2.0 };
            (low, high) = (low - room, high + room);
        }
        let rough = (high - low) / 5.0;
        let mut exponent = rough.log10().floor() as i32;
        let power = 10f64.powi(exponent);
        let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough);
        exponent += i32::from(factor.is_none());
        let step = factor.unwrap_or(10.0) * power;
        let first = (low / step).floor();
        let steps = (high / step).ceil() - first;
        Axis { low: first * step, step, steps: steps as usize, exponent }
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let first = (self.low / self.step).round();
        (0..=self.steps).map(move |k| (first + k as f64) * self.step)
    }

    /// How far along the axis a number lies, from 0 to 1.
    fn part(&self, x: f64) -> f64 {
        (x / self.step - self.low / self.step) / self.steps as f64
    }

    /// The tick with as many digits as tell it from its neighbours.
    fn label(&self, tick: f64) -> String {
        let most = self.low.abs().max((self.low + self.step * self.steps as f64).abs());
        match self.exponent {
            _ if tick == 0.0 => "0".to_string(),
            -5.. if most < 1e6 => format!("{tick:.*}", (-self.exponent).max(0) as usize),
            _ => {
                let digits = tick.abs().log10().floor() as i32 - self.exponent;
                format!("{tick:.*e}", digits.max(0) as usize)
            }
        }
    }
}

/// Calls `dot` for each dot of a curve on a raster; `(0, 0)` is the upper left one.
fn for_each_dot(
    curve: &Curve,
    (x, y): (&Axis, &Axis),
    (across, down): (usize, usize),
    mut dot: impl FnMut(usize, usize),
) {
    let place = |point: &(f64, f64)| {
        let (x, y) = (x.part(point.0), 1.0 - y.part(point.1));
        (x * (across - 1) as f64, y * (down - 1) as f64)
    };
    let mut last = None;
    for point in &curve.points {
        let here = drawable(&point).then(|| place(point));
        if let Some((x, y)) = here {
            let (from_x, from_y) = last.unwrap_or((x, y));
            let count = (x - from_x).abs().max((y - from_y).abs()).ceil().max(1.0);
            for k in 0..=count as usize {
                let t = k as f64 / count;
                let (i, j) = (from_x + t * (x - from_x), from_y + t * (y - from_y));
                dot((i.round() as usize).min(across - 1), (j.round() as usize).min(down - 1));
            }
        }
        last = here;
    }
}

/// A braille character with one more dot, in column `i` and row `j` of its 2 × 4.
fn with_dot(cell: char, i: usize, j: usize) -> char {
    let bit = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]][j][i];
    let dots = if cell == ' ' { 0x2800 } else { u32::from(cell) };
    char::from_u32(dots | bit).unwrap_or(cell)
}

/// The sign of curve `k`.
fn letter(k: usize, curves: usize) -> char {
    if curves == 1 { '*' } else { char::from(b'A' + (k % 26) as u8) }
}

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 84.0;
/// Room for the legend.
const RIGHT: f64 = 168.0;
const DASHES: [&str; 4] = ["none", "8 4", "2 4", "12 4 2 4"];

/// The area of a plot in SVG.
struct Sheet {
    axes: [Axis; 2],
    legend: bool,
}

impl Sheet {
    /// Left, top, width and height of the area between the axes.
    fn area(&self) -> [f64; 4] {
        let right = if self.legend { RIGHT } else { 28.0 };
        [LEFT, TOP, WIDTH - LEFT - right, HEIGHT - TOP - BOTTOM]
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let [left, top, width, height] = self.area();
        let [across, up] = &self.axes;
        (left + width * across.part(x), top + height * (1.0 - up.part(y)))
    }

    fn draw_axes(&self, title: &str, labels: &[String; 2]) -> String {
        let [left, top, width, height] = self.area();
        let (bottom, middle) = (top + height, left + width / 2.0);
        let mut body = format!(
            "<text class=\"strong\" text-anchor=\"middle\" x=\"{middle:.1}\" y=\"24\">{}</text>\n\
             <text text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>\n\
             <text text-anchor=\"middle\" transform=\"translate(18 {:.1}) rotate(-90)\">{}</text>\n",
            escape(title),
            bottom + 42.0,
            escape(&labels[0]),
            top + height / 2.0,
            escape(&labels[1]),
        );
        let [x_axis, y_axis] = &self.axes;
        for tick in x_axis.ticks() {
            let x = left + width * x_axis.part(tick);
            let _ = write!(body, "<path class=\"grid\" d=\"M{x:.1} {top}v{height}\"/>");
            let _ =
                write!(body, "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{}\">", bottom + 18.0);
            let _ = writeln!(body, "{}</text>", x_axis.label(tick));
        }
        for tick in y_axis.ticks() {
            let y = top + height * (1.0 - y_axis.part(tick));
            let _ = write!(body, "<path class=\"grid\" d=\"M{left} {y:.1}h{width}\"/>");
            let _ = write!(
                body,
                "<text text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">",
                left - 8.0,
                y + 4.0
            );
            let _ = writeln!(body, "{}</text>", y_axis.label(tick));
        }
        body + &format!("<path class=\"draw quiet\" d=\"M{left} {top}v{height}h{width}\"/>\n")
    }

    /// The part of the area where `z`, a plane, is positive, as a path; and the line on which it is
    /// zero, if that crosses the area.
    fn half(&self, z: impl Fn((f64, f64)) -> f64) -> (String, Option<[(f64, f64); 2]>) {
        let [left, top, width, height] = self.area();
        let [x, y] = &self.axes;
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(i, j)| {
            let end = |axis: &Axis, part: f64| axis.low + part * axis.step * axis.steps as f64;
            let (paper_x, paper_y) = (left + i * width, top + (1.0 - j) * height);
            ((paper_x, paper_y), z((end(x, i), end(y, j))))
        });
        let (mut side, mut line) = (vec![], vec![]);
        for k in 0..4 {
            let (((x, y), z), ((next_x, next_y), next_z)) = (corners[k], corners[(k + 1) % 4]);
            if z > 0.0 {
                side.push((x, y));
            }
            if (z > 0.0) != (next_z > 0.0) {
                let t = z / (z - next_z);
                side.push((x + t * (next_x - x), y + t * (next_y - y)));
                line.extend(side.last());
            }
        }
        let path: Vec<String> = side.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let path = if path.is_empty() { String::new() } else { format!("M{}z", path.join("L")) };
        (path, line.try_into().ok())
    }
}

/// The glyph of class or curve `k`: disc, triangle, square, diamond.
fn marker(k: usize, x: f64, y: f64) -> String {
    match k % 4 {
        0 => format!("<circle class=\"fill\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"),
        1 => format!("<path class=\"fill\" d=\"M{x:.1} {:.1}l4.5 8h-9z\"/>", y - 5.0),
        2 => format!("<path class=\"fill\" d=\"M{:.1} {:.1}h7v7h-7z\"/>", x - 3.5, y - 3.5),
        _ => format!("<path class=\"fill\" d=\"M{x:.1} {:.1}l5 5l-5 5l-5 -5z\"/>", y - 5.0),
    }
}

fn footnote(text: &str) -> String {
    let y = HEIGHT - 14.0;
    format!("<text class=\"quiet\" x=\"{LEFT}\" y=\"{y}\">{}</text>\n", escape(text))
}
