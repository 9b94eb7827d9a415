//! Two classes, and the line that separates them.

use super::axis::Axis;
use super::drawable;
use super::sheet::{Point, Sheet, marker};
use crate::data::Examples;
use crate::error::mistake;
use crate::tensor::Tensor;
use crate::trace::short;

/// Data of two features, a glyph for each class, and the line `w·x + b = 0` between the side on
/// which class 0 is predicted and that of class 1; wrong predictions are ringed. As SVG.
///
/// `examples.x` is (2, m), `w` is (2, 1), `classes` are the names of the labels 0 and 1.
///
/// ```
/// use chainrule::{data::Examples, tensor::Tensor, view::plot};
/// let text = "width,height,y\n1,1,0\n2,1,0\n1,3,1\n";
/// let examples = Examples::from_csv(text.as_bytes(), "boxes.csv", None, &[])?;
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
            "w·x + b = 0 is a line in a plane, which has one axis for each feature",
            "choose two rows of X, and train on these alone",
        )
    }
    let all = (0..m).map(|j| ((x.get(0, j), x.get(1, j)), y.get(0, j) > 0.5));
    let shown: Vec<_> = all.filter(|(point, _)| drawable(point)).collect();
    let axes = [
        Axis::covering(shown.iter().map(|(point, _)| point.0), 0.05),
        Axis::covering(shown.iter().map(|(point, _)| point.1), 0.05),
    ];
    let sheet = Sheet::new(title, axes, &classes);
    let z = |(x, y): (f64, f64)| w.get(0, 0) * x + w.get(1, 0) * y + b;

    let (_, zero) = half(&sheet, |point| -z(point));
    let (line, one) = half(&sheet, z);
    let mut drawing = format!(
        "<path class=\"fill c0\" fill-opacity=\"0.1\" d=\"{zero}\"/>\n\
         <path class=\"fill c1\" fill-opacity=\"0.1\" d=\"{one}\"/>\n"
    );
    let (mut wrong, mut counts) = (0, [0, 0]);
    for (point, label) in shown {
        let (x, y) = sheet.place(point);
        let class = usize::from(label);
        counts[class] += 1;
        drawing += &format!("<g class=\"c{class}\">{}</g>\n", marker(class, (x, y)));
        if (z(point) > 0.0) != label {
            wrong += 1;
            drawing += &format!("<circle class=\"draw\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\"/>\n");
        }
    }
    for k in [0, 1] {
        drawing += &format!("<g class=\"c{k}\">{}</g>\n", sheet.key(k, "stroke=\"none\""));
    }
    let mut note = format!("{wrong} of {m} examples lie on the wrong side (ringed).");
    match line {
        Some([(x0, y0), (x1, y1)]) => {
            let line = format!("M{x0:.1} {y0:.1}L{x1:.1} {y1:.1}");
            drawing += &format!("<path class=\"draw\" stroke-width=\"2\" d=\"{line}\"/>\n");
        }
        None => note += " The line w·x + b = 0 is not in this picture.",
    }
    if m > counts[0] + counts[1] {
        note += &format!(" {} cannot be drawn.", m - counts[0] - counts[1]);
    }
    let [across, up] = [&features[0], &features[1]];
    let [w0, w1, b] = [w.get(0, 0), w.get(1, 0), b].map(short);
    let description = format!(
        "{} examples of {}, {} of {}, by {across} and {up}, and the line \
         {w0} {across} + {w1} {up} + {b} = 0.",
        counts[0], classes[0], counts[1], classes[1]
    );
    sheet.finish([across, up], &drawing, &description, &note)
}

/// The line on which `z`, a plane, is zero, if that crosses the area; and the part of the area
/// where it is positive, as a path.
fn half(sheet: &Sheet, z: impl Fn(Point) -> f64) -> (Option<[Point; 2]>, String) {
    let [x, y] = [&sheet.axes[0], &sheet.axes[1]].map(|axis| [axis.low, axis.high()]);
    let corners = [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])];
    let (mut side, mut line) = (vec![], vec![]);
    for (k, &corner) in corners.iter().enumerate() {
        let next = corners[(k + 1) % 4];
        let ((x, y), (next_x, next_y)) = (sheet.place(corner), sheet.place(next));
        if z(corner) > 0.0 {
            side.push((x, y));
        }
        if (z(corner) > 0.0) != (z(next) > 0.0) {
            let t = z(corner) / (z(corner) - z(next));
            line.push((x + t * (next_x - x), y + t * (next_y - y)));
            side.extend(line.last());
        }
    }
    let path: Vec<String> = side.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let path = if path.is_empty() { String::new() } else { format!("M{}z", path.join("L")) };
    (line.try_into().ok(), path)
}
