//! Numbers by name.

use super::sheet::{MARGIN, WIDTH};
use crate::trace::short;
use crate::view::clip;
use crate::view::svg::{CHARACTER, document, escape};

/// A bar for each number, the largest above: blue to the right where it is positive, orange to the
/// left where it is negative. As SVG.
///
/// ```
/// let picture = chainrule::view::plot::bars("Weights", [("depth", 4.25), ("length", -0.5)]);
/// assert!(picture.contains(">depth</text>") && picture.contains(">−0.5</text>"));
/// ```
pub fn bars<'a>(title: &str, numbers: impl IntoIterator<Item = (&'a str, f64)>) -> String {
    const ROW: f64 = 30.0;
    let mut rows: Vec<(&str, f64)> = numbers.into_iter().collect();
    rows.sort_by(|(_, x), (_, y)| y.abs().total_cmp(&x.abs()));
    let finite = rows.iter().map(|(_, x)| *x).filter(|x| x.is_finite());
    let (low, high) =
        finite.fold((0.0, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)));
    let names = rows.iter().map(|(name, _)| clip(name, 20).chars().count()).max().unwrap_or(0);
    // Beside each bar there is room for its number.
    let number = 9.0 * CHARACTER;
    let left = MARGIN + CHARACTER * names as f64 + if low < 0.0 { number } else { MARGIN };
    let scale = (WIDTH - left - number - MARGIN) / (high - low).max(f64::MIN_POSITIVE);
    let zero = left - low * scale;
    let mut body =
        format!("<text class=\"strong\" x=\"{MARGIN}\" y=\"24\">{}</text>\n", escape(title));
    for (k, (name, x)) in rows.iter().enumerate() {
        let y = 44.0 + ROW * k as f64;
        let length = if x.is_finite() { x * scale } else { 0.0 };
        let (class, anchor, side) =
            if *x < 0.0 { ("c1", "end", -8.0) } else { ("c0", "start", 8.0) };
        body += &format!(
            "<text x=\"{MARGIN}\" y=\"{0:.1}\">{1}</text><g class=\"{class}\">\
             <path class=\"fill\" d=\"M{zero:.1} {y:.1}h{length:.1}v20h{2:.1}z\"/>\
             <text text-anchor=\"{anchor}\" x=\"{3:.1}\" y=\"{0:.1}\">{4}</text></g>\n",
            y + 15.0,
            escape(&clip(name, 20)),
            -length,
            zero + length + side,
            short(*x).replace('-', "−"),
        );
    }
    let height = 44.0 + ROW * rows.len() as f64;
    body += &format!("<path class=\"draw quiet\" d=\"M{zero:.1} 38V{height:.1}\"/>\n");
    let said: Vec<String> = rows.iter().map(|(name, x)| format!("{name} {}", short(*x))).collect();
    document((WIDTH, height + MARGIN), title, &format!("{}.", said.join(", ")), &body)
}
