//! Plots: curves, as text and as SVG, and the line that separates two classes.
//!
//! Taught in `docs/15_cost_plot.md`.

mod axis;
mod bars;
mod boundary;
mod sheet;

pub use bars::bars;
pub use boundary::boundary;

use self::axis::Axis;
use self::sheet::{Point, Sheet, marker};
use super::clip;
use super::svg::escape;
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
    guides: Vec<Curve>,
}

#[derive(Clone, Debug)]
struct Curve {
    name: String,
    points: Vec<Point>,
    /// Whether a line joins the points.
    joined: bool,
}

/// Characters across and down in a plot as text.
const COLUMNS: usize = 62;
const ROWS: usize = 16;
/// What tells curves apart in SVG, beside colour and marker.
const DASHES: [&str; 4] = ["none", "8 4", "2 4", "12 4 2 4"];

impl Plot {
    /// A picture without curves so far; `x` and `y` are the labels of its axes.
    pub fn new(title: &str, x: &str, y: &str) -> Plot {
        Plot { title: clean(title), labels: [x, y].map(clean), curves: vec![], guides: vec![] }
    }

    /// The picture with one more curve.
    pub fn curve(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Plot {
        self.curves.push(Curve::new(name, points, true));
        self
    }

    /// The picture with points that no line joins.
    pub fn points(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Plot {
        self.curves.push(Curve::new(name, points, false));
        self
    }

    /// The picture with a thin line behind the curves, such as a contour: it has no place in the
    /// legend, and is drawn as far as the axes reach without it. Its name stands where it begins.
    pub fn guide(mut self, name: &str, points: impl IntoIterator<Item = (f64, f64)>) -> Plot {
        self.guides.push(Curve::new(name, points, true));
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

    /// The picture as SVG. Each curve has a colour, a dash and a marker of its own.
    pub fn svg(&self) -> String {
        let several = self.curves.len() > 1;
        let legend: Vec<&str> = self.curves.iter().map(|curve| curve.name.as_str()).collect();
        let sheet = Sheet::new(&self.title, self.axes(), if several { &legend } else { &[] });
        let (mut drawing, mut names) = (String::new(), String::new()); // these above all lines
        for guide in &self.guides {
            let covered = |point: &Point| covers(sheet.axes.each_ref(), point);
            let path = guide.path(&sheet, covered);
            drawing += &format!("<path class=\"draw guide\" d=\"{path}\"/>\n");
            if let Some(begin) = guide.points.iter().find(|point| covered(point)) {
                let ((x, y), name) = (sheet.place(*begin), escape(&guide.name));
                names +=
                    &format!("<text class=\"local\" x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>\n");
            }
        }
        for (k, curve) in self.curves.iter().enumerate() {
            let mut markers = String::new();
            let every = if curve.joined { curve.points.len().div_ceil(8) } else { 1 };
            let shown =
                |i: Option<usize>| i.and_then(|i| curve.points.get(i)).is_some_and(drawable);
            for (i, point) in curve.points.iter().enumerate().filter(|(_, point)| drawable(point)) {
                // Each curve's markers begin a little later, so that they do not hide others.
                let alone = !shown(i.checked_sub(1)) && !shown(Some(i + 1));
                if alone || !curve.joined || several && i % every == k % every {
                    markers += &marker(k, sheet.place(*point));
                }
            }
            let dash = DASHES[k % DASHES.len()];
            let line = match curve.joined {
                true => format!("class=\"draw\" stroke-width=\"2\" stroke-dasharray=\"{dash}\""),
                false => "stroke=\"none\"".to_string(),
            };
            drawing += &format!(
                "<g class=\"c{}\"><title>{}</title>\n<path {line} d=\"{}\"/>{markers}{}</g>\n",
                k % 5,
                escape(&curve.name),
                curve.path(&sheet, |point| curve.joined && drawable(point)),
                sheet.key(k, &line),
            );
        }
        drawing += &names;
        let ends: Vec<String> = self.curves.iter().map(Curve::end).collect();
        let [x, y] = self.labels.each_ref().map(String::as_str);
        let description = format!("{y} against {x}: {}.", ends.join("; "));
        sheet.finish([x, y], &drawing, &description, &self.note())
    }

    fn axes(&self) -> [Axis; 2] {
        let all = || self.curves.iter().flat_map(|curve| &curve.points).filter(|p| drawable(p));
        [Axis::covering(all().map(|p| p.0), 0.0), Axis::covering(all().map(|p| p.1), 0.0)]
    }

    /// What the picture does not show.
    fn note(&self) -> String {
        let points = self.curves.iter().flat_map(|curve| &curve.points);
        let (total, shown) = (points.clone().count(), points.filter(|p| drawable(p)).count());
        match total - shown {
            0 if total == 0 => "There is nothing to draw.".to_string(),
            0 => String::new(),
            missing => {
                format!("{missing} of {total} points are NaN, infinite or too large: a gap.")
            }
        }
    }

    fn text(&self, braille: bool) -> String {
        let [x, y] = self.axes();
        let cells = self.cells([&x, &y], braille);
        let margin = y.ticks().map(|tick| y.label(tick).len()).max().unwrap_or(0);
        let row_of = |tick: f64| ((1.0 - y.part(tick)) * (ROWS - 1) as f64).round() as usize;
        let mut text = format!("{}\n{:>margin$}\n", self.title, self.labels[1]);
        for (j, row) in cells.iter().enumerate() {
            let tick = y.ticks().find(|tick| row_of(*tick) == j).map(|tick| y.label(tick));
            let mark = if tick.is_some() { '+' } else { '|' };
            let row = String::from_iter(row);
            let line = format!("{:>margin$} {mark}{row}", tick.unwrap_or_default());
            text += &format!("{}\n", line.trim_end());
        }
        let (mut rule, mut numbers) = (vec!['-'; COLUMNS], String::new());
        for tick in x.ticks() {
            let at = (x.part(tick) * (COLUMNS - 1) as f64).round() as usize;
            rule[at] = '+';
            let label = x.label(tick);
            let start = (margin + 3 + at).saturating_sub(label.len().div_ceil(2));
            if numbers.is_empty() || start > numbers.len() {
                numbers = format!("{numbers:<start$}{label}");
            }
        }
        let space = " ".repeat(margin + 1);
        text += &format!("{space}+{}\n{numbers}\n", String::from_iter(rule));
        text += &format!("{:>1$}\n", self.labels[0], margin + 2 + COLUMNS);
        if self.curves.len() > 1 {
            for (k, curve) in self.curves.iter().enumerate() {
                text += &format!("{space} {} {}\n", letter(k), clip(&curve.end(), 60));
            }
        }
        let note = self.note();
        if note.is_empty() { text } else { text + &note + "\n" }
    }

    /// The area between the axes, row by row.
    fn cells(&self, axes: [&Axis; 2], braille: bool) -> [[char; COLUMNS]; ROWS] {
        let (across, down) = if braille { (2, 4) } else { (1, 1) }; // dots in a cell
        let several = self.curves.len() > 1;
        let mut cells = [[' '; COLUMNS]; ROWS];
        let mut marks = vec![];
        let size = [COLUMNS * across, ROWS * down];
        let mut draw = |dots: &[(usize, usize)], sign: char| {
            for &(i, j) in dots {
                let cell = &mut cells[j / down][i / across];
                *cell = if braille { with_dot(*cell, i % 2, j % 4) } else { sign };
            }
        };
        for guide in &self.guides {
            draw(&guide.dots(axes, size, |point| covers(axes, point)), '.');
        }
        for (k, curve) in self.curves.iter().enumerate() {
            let dots = curve.dots(axes, size, drawable);
            draw(&dots, if several { letter(k) } else { '*' });
            // Braille is the same for all curves: a letter on each, at a place of its own.
            let wanted = COLUMNS * (k + 1) / (self.curves.len() + 1);
            let places = dots.into_iter().map(|(i, j)| (i / across, j / down));
            marks.extend(places.min_by_key(|(i, _)| i.abs_diff(wanted)).map(|place| (place, k)));
        }
        for ((i, j), k) in marks.into_iter().filter(|_| several) {
            cells[j][i] = letter(k);
        }
        cells
    }
}

impl Curve {
    fn new(name: &str, points: impl IntoIterator<Item = Point>, joined: bool) -> Curve {
        Curve { name: clean(name), points: points.into_iter().collect(), joined }
    }

    /// The curve as a path; a point that is not shown leaves a gap.
    fn path(&self, sheet: &Sheet, shown: impl Fn(&Point) -> bool) -> String {
        let (mut path, mut last) = (String::new(), String::new());
        for point in &self.points {
            if !shown(point) {
                last.clear();
                continue;
            }
            let (x, y) = sheet.place(*point);
            let here = format!("{x:.1} {y:.1}");
            if here != last {
                path += &format!("{}{here}", if last.is_empty() { 'M' } else { 'L' });
                last = here;
            }
        }
        path
    }

    /// The dots of the curve on a raster; (0, 0) is the upper left one.
    fn dots(
        &self,
        [x, y]: [&Axis; 2],
        [across, down]: [usize; 2],
        shown: impl Fn(&Point) -> bool,
    ) -> Vec<(usize, usize)> {
        let (right, bottom) = ((across - 1) as f64, (down - 1) as f64);
        let place = |p: &(f64, f64)| (x.part(p.0) * right, (1.0 - y.part(p.1)) * bottom);
        let mut dots = vec![];
        let mut last = None;
        for point in &self.points {
            let here = shown(point).then(|| place(point));
            if let Some((x, y)) = here {
                let (from_x, from_y) = last.unwrap_or((x, y));
                let count = (x - from_x).abs().max((y - from_y).abs()).ceil().max(1.0);
                for k in 0..=count as usize {
                    let t = k as f64 / count;
                    let (i, j) = (from_x + t * (x - from_x), from_y + t * (y - from_y));
                    dots.push((i.round().min(right) as usize, j.round().min(bottom) as usize));
                }
            }
            last = here.filter(|_| self.joined);
        }
        dots
    }

    /// The name, and where the curve ends.
    fn end(&self) -> String {
        if !self.joined {
            return format!("{}, {} points", self.name, self.points.len());
        }
        let end = self.points.last().map_or("nothing".to_string(), |point| short(point.1));
        format!("{}, at the end {end}", self.name)
    }
}

/// A line of text: a terminal shall not obey what stands in a name.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Whether a point has a place on paper.
fn drawable(point: &(f64, f64)) -> bool {
    point.0.abs() <= 1e300 && point.1.abs() <= 1e300
}

/// Whether a point lies between the axes.
fn covers([x, y]: [&Axis; 2], point: &Point) -> bool {
    [x.part(point.0), y.part(point.1)].iter().all(|part| (0.0..=1.0).contains(part))
}

/// The sign of curve `k` in a plot as text.
fn letter(k: usize) -> char {
    char::from(b'A' + (k % 26) as u8)
}

/// A braille character with one more dot, in column `i` and row `j` of its 2 × 4.
fn with_dot(cell: char, i: usize, j: usize) -> char {
    let bit = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]][j][i];
    let dots = if cell == ' ' { 0x2800 } else { u32::from(cell) };
    char::from_u32(dots | bit).unwrap_or(cell)
}
