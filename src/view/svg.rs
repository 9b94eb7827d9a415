//! What the SVG pictures share: one style for light and dark, and text that stays text.

/// Width of a character, in pixels.
pub(super) const CHARACTER: f64 = 8.6;

/// The colours of Okabe and Ito, which people with colour-blindness can tell apart; in the dark
/// their lighter neighbours. Never the only sign: a glyph or a dash says the same. A line of the
/// graph begins behind its arrow head.
const STYLE: &str = "\
.chainrule{max-width:100%;height:auto;color:#1a1a1a}
.chainrule text{font:14px ui-monospace,'DejaVu Sans Mono',monospace}
.chainrule text,.chainrule tspan,.chainrule .fill{fill:currentColor}
.chainrule .draw{stroke:currentColor;fill:none}
.chainrule .strong{font-weight:bold}
.chainrule .quiet{color:#595959}
.chainrule .ground{fill:#fff}
.chainrule .box{fill:#f7f7f7;stroke:#595959}
.chainrule .grid{stroke:#ddd}
.chainrule .guide{stroke:#888}
.chainrule .graph text{text-anchor:middle}
.chainrule .graph>.quiet{text-anchor:start}
.chainrule .local{paint-order:stroke;stroke:#fff;stroke-width:5px}
.chainrule .graph .draw{stroke-dasharray:0 8 9999}
.chainrule .dashed>.box,.chainrule .graph .dashed>.draw{stroke-dasharray:4 3}
.chainrule .back,.chainrule .dashed>.fore{fill:currentColor}
.chainrule .fore{fill:none}
.chainrule .c0{color:#0072b2}.chainrule .c1{color:#b34700}.chainrule .c2{color:#007a5a}
.chainrule .c3{color:#a8487e}.chainrule .c4{color:#8a6000}.chainrule .c5{color:#595959}
@media(prefers-color-scheme:dark){
.chainrule{color:#eee}
.chainrule .quiet{color:#b0b0b0}
.chainrule .ground{fill:#161616}
.chainrule .box{fill:#262626;stroke:#b0b0b0}
.chainrule .grid{stroke:#3a3a3a}.chainrule .guide{stroke:#777}.chainrule .local{stroke:#161616}
.chainrule .c0{color:#56b4e9}.chainrule .c1{color:#f59457}.chainrule .c2{color:#2fc79b}
.chainrule .c3{color:#e39bc4}.chainrule .c4{color:#e69f00}.chainrule .c5{color:#b0b0b0}}";

/// A whole picture; `title` and `description` are what a screen reader reads out.
pub(crate) fn document(
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    body: &str,
) -> String {
    let (title, description) = (escape(title), escape(description));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chainrule\" role=\"img\" \
         width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <title>{title}</title>\n<desc>{description}</desc>\n<style>\n{STYLE}\n</style>\n\
         <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n"
    )
}

/// The same picture for a page, which has styles of its own.
pub(crate) fn without_style(svg: &str) -> String {
    let (before, rest) = svg.split_once("<style>").unwrap_or((svg, ""));
    let (_, after) = rest.split_once("</style>\n").unwrap_or_default();
    format!("{before}{after}")
}

/// Text as XML takes it between two tags.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
