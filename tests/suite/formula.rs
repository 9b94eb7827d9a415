//! Formulas as text: what they mean, what is wrong with those that are none, and what to write.

use std::time::{Duration, Instant};

use chainrule::activation::{Activation, Powf, Sigmoid};
use chainrule::check::{self, Arithmetic, Dual, Scalar};
use chainrule::formula::Formula;
use chainrule::scalar::{Tape, Var};
use chainrule::trace::Place;
use chainrule::view::{self, stepper};
use chainrule::{Error, Result};
use proptest::prelude::*;

use crate::common::{config, golden, samples};

/// What learners type.
const WRONG: &str = "\
L = 2x
y = 2(x + 1)
y = x(x + 1)
y = (x + 1)(x - 1)
y = w x + b
y = x 2
y = 2|x|
y = |x||w|
L = sigmod(x)
y = Sin(x)
y = foo(x)
y = arctan(x)
y = log10(x + 1) + 2
y = log_2(x)
y = exp x
y = exp -x
y = sin x + cos x
y = ln|x|
y = sin^2(x) + cos^2(x)
y = sin²(x)
y = sin
y = x**2
y = x²
y = x⁻¹ + xⁿ
y = 2·x × w − 3 ÷ b
y = √x + √(x + 1)
y = 2 ≤ x
y = “x”
y = [x + 1]*{w}
y = 5% * x
y = 3,5*x
y = 1,000.5*x
y = 1_000*x
y = 1.2.3*x
y = 1e999*x
y = sigmoid(0,5*x)
y = max(x)
y = pow(x)
y = leaky_relu(x)
y = max(x, w, b)
y = sigmoid(x, w)
y = sigmoid()
y = max(, x)
y = (x, w)
a = x, b = w
y = sigmoid(x
y = sigmoid(w*(x + b)
y = |x
y = |x)
y = (x|
y = |(x|
y = x)
y = |x + |w||
y = |x + |
y = (
y = ()
y =
y = x +
y = x + * w
y = +x
* x
= x
y == x
a = b = 2*x
a = 2*x = 3
f(x) = x^2
sigmoid(x) = 1/(1 + e^(-x))
2*y = x
sin = x
x = x + 1
y = x; y = y + 1
a = sigmoid(z); z = w*x + b
a = sigmoid(z)\\nz = w*x + b
z = (w*x + b\\na = sigmoid(z)
z = (w*x + b\\nsigmoid(z)
z = w*x +\\n
;\\n# nothing but this
y = x ? 1 : 0
y := x
y = \\sigma(x)
y = x & w
α = 2β
\\tγ = 2\\t3
y = 2*pi
y = sum(x)
y = elu(x, w)
";

/// A text of the list, as the learner typed it.
fn typed(line: &str) -> String {
    line.replace("\\n", "\n").replace("\\t", "\t")
}

/// Parses and evaluates.
fn value(text: &str) -> Result<f64> {
    let formula = Formula::parse(text)?;
    formula.eval(&vec![0.5; formula.names().len()])
}

/// The text with what the `try:` of its error says, if it says a line.
fn mended(text: &str, error: &Error) -> Option<String> {
    if let Some(line) = error.hint.strip_prefix("move this line above the first use: ") {
        return Some(format!("{line};{}", text.replace(line, "")));
    }
    let line = error.hint.strip_prefix("write ")?;
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines[error.place.as_ref()?.line - 1] = line;
    Some(lines.join("\n"))
}

#[test]
fn errors_and_what_to_write() {
    let mut all = String::new();
    for line in WRONG.lines() {
        let mut text = typed(line);
        all += &format!("{}\n\n", text.trim_end());
        let mut tries = 0;
        while let Err(error) = value(&text) {
            let shown = error.to_string();
            for line in shown.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
            all += &format!("{shown}\n\n");
            match mended(&text, &error) {
                Some(mended) => text = mended,
                None => {
                    tries = 100;
                    break;
                }
            }
            tries += 1;
            assert!(tries < 10, "{line}\n{all}");
        }
        assert!(tries > 0, "nothing is wrong with {line}");
        all += &format!("{}\n\n", "-".repeat(72));
    }
    golden("formula/errors.txt", &all);
}

/// docs/errors.md: what a row says is typed gives its message, and what it says to write.
#[test]
fn the_index_of_errors_is_true() {
    let index = include_str!("../../docs/errors.md");
    let (_, section) = index.split_once("\n## Formulas\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut rows = 0;
    for row in section.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<String> = row.split(" | ").map(|cell| cell.replace("\\|", "|")).collect();
        let [message, typed, hint] = &cells[..] else { panic!("{row}") };
        let code = |cell: &str| cell.trim_matches([' ', '|', '`']).replace(" ⏎ ", "\n");
        let typed = code(typed);
        let warning = || Formula::parse(&typed).ok()?.warnings().first().cloned();
        let error = value(&typed).err().or_else(warning).expect(&typed);
        assert_eq!(format!("| {}", error.what), *message, "{error}");
        assert_eq!(error.hint.strip_prefix("write ").unwrap_or(&error.hint), code(hint), "{error}");
        rows += 1;
    }
    assert!(rows > 20, "{rows}");
}

/// A generator of its own, as small as they come.
struct Random(u64);

impl Random {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % count
    }
}

/// A formula as a tree: what the parser is held against.
enum Tree {
    Number(f64),
    Name(usize),
    E,
    Neg(Box<Tree>),
    Binary(char, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
}

const NAMES: [&str; 4] = ["x", "w_1", "σ", "β2"];
const VALUES: [f64; 4] = [0.7, -1.3, 2.5, 1e-3];

impl Tree {
    fn random(random: &mut Random, size: u64) -> Tree {
        let part = |random: &mut Random| Box::new(Tree::random(random, size / 2));
        match random.below(if size == 0 { 4 } else { 12 }) {
            0 => Tree::Number([2.0, 0.5, 3e-3, 7.0, 1e21, 0.1][random.below(6) as usize]),
            1 if size < 2 => Tree::E,
            1..=3 => Tree::Name(random.below(4) as usize),
            4 => Tree::Neg(part(random)),
            5 => {
                let (f, operands) = [
                    ("exp", 1),
                    ("sigmoid", 1),
                    ("abs", 1),
                    ("softplus", 1),
                    ("max", 2),
                    ("min", 2),
                    ("pow", 2),
                ][random.below(7) as usize];
                Tree::Call(f, (0..operands).map(|_| *part(random)).collect())
            }
            _ => {
                let sign = ['+', '-', '*', '/', '^', '-'][random.below(6) as usize];
                Tree::Binary(sign, part(random), part(random))
            }
        }
    }

    /// The value, and whether no variable is in it.
    fn value(&self) -> (f64, bool) {
        let power = |x: f64, y: f64| Powf { exponent: y }.f(x);
        match self {
            Tree::Number(number) => (*number, true),
            Tree::E => (std::f64::consts::E, true),
            Tree::Name(k) => (VALUES[*k], false),
            Tree::Neg(x) => (-x.value().0, x.value().1),
            Tree::Binary(sign, x, y) => {
                let ((x, plain), (y, also)) = (x.value(), y.value());
                let z = match sign {
                    '+' => x + y,
                    '-' => x - y,
                    '*' => x * y,
                    '/' => x / y,
                    _ if plain && x == std::f64::consts::E => y.exp(),
                    _ => power(x, y),
                };
                (z, plain && also)
            }
            Tree::Call(name, operands) => {
                let values: Vec<(f64, bool)> = operands.iter().map(Tree::value).collect();
                let plain = values.iter().all(|(_, plain)| *plain);
                let z = match (*name, &values[..]) {
                    ("exp", [(x, _)]) => x.exp(),
                    ("abs", [(x, _)]) => x.abs(),
                    ("sigmoid", [(x, _)]) => Sigmoid.f(*x),
                    ("softplus", [(x, _)]) => chainrule::activation::Softplus.f(*x),
                    ("pow", [(x, _), (y, _)]) => power(*x, *y),
                    (_, [(x, _), (y, _)]) if x.is_nan() || y.is_nan() => f64::NAN,
                    ("max", [(x, _), (y, _)]) => {
                        if x >= y {
                            *x
                        } else {
                            *y
                        }
                    }
                    (_, [(x, _), (y, _)]) => {
                        if x <= y {
                            *x
                        } else {
                            *y
                        }
                    }
                    _ => unreachable!(),
                };
                (z, plain)
            }
        }
    }

    /// As text; with no more parentheses than a place needs that binds so tightly.
    fn print(&self, place: u8, many: &mut Option<Random>, text: &mut String) {
        let own = match self {
            Tree::Binary('+' | '-', ..) => 1,
            Tree::Binary('*' | '/', ..) => 2,
            Tree::Neg(_) => 3,
            Tree::Binary(..) => 4,
            _ => 5,
        };
        let extra = many.as_mut().map_or(0, |random| random.below(3) as usize);
        let brackets = extra.max(usize::from(own < place));
        *text += &"(".repeat(brackets);
        if let Some(random) = many {
            *text += ["", " ", "\t", if brackets > 0 { " # here (\n" } else { "" }]
                [random.below(4) as usize];
        }
        match self {
            Tree::Number(number) => *text += &format!("{number:?}"),
            Tree::E => *text += "e",
            Tree::Name(k) => *text += NAMES[*k],
            Tree::Neg(x) => {
                *text += "-";
                x.print(3, many, text);
            }
            Tree::Binary(sign, x, y) => {
                let (left, right) = [(1, 2), (2, 3), (5, 3)][match sign {
                    '^' => 2,
                    '*' | '/' => 1,
                    _ => 0,
                }];
                x.print(left, many, text);
                text.push(*sign);
                y.print(right, many, text);
            }
            Tree::Call("abs", operands) => {
                let mut inner = String::new();
                operands[0].print(1, many, &mut inner);
                // Bars in brackets of their own are inside none.
                let bars = !inner.contains('|');
                *text += &if bars { format!("|{inner}|") } else { format!("abs({inner})") };
            }
            Tree::Call(name, operands) => {
                *text += name;
                for (k, operand) in operands.iter().enumerate() {
                    *text += if k == 0 { "(" } else { ", " };
                    operand.print(1, many, text);
                }
                *text += ")";
            }
        }
        *text += &")".repeat(brackets);
    }
}

fn assert_bits(x: f64, y: f64, text: &str) {
    assert!(x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan(), "{x:e} or {y:e}: {text}");
}

/// What the parser reads is what was printed, with few brackets and with many.
#[test]
fn random_trees() {
    let mut random = Random(5);
    let mut finite = 0;
    let count = samples(1_000, 10_000);
    for round in 0..u64::from(count) {
        // A variable at the end, lest there be none.
        let tree = Tree::random(&mut random, 1 << (round % 8));
        let tree = Tree::Binary('+', Box::new(tree), Box::new(Tree::Name(0)));
        let (expected, _) = tree.value();
        finite += u32::from(expected.is_finite());
        for mut many in [None, Some(Random(round))] {
            let mut text = String::new();
            tree.print(1, &mut many, &mut text);
            let formula = Formula::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let of = |name: &str| VALUES[NAMES.iter().position(|known| *known == name).unwrap()];
            let values: Vec<f64> = formula.names().into_iter().map(of).collect();
            assert_bits(formula.eval(&values).unwrap(), expected, &text);
            let duals: Vec<Dual> = values.iter().map(|x| Dual::constant(*x)).collect();
            assert_bits(formula.eval(&duals).unwrap().value, expected, &text);
            let tape = Tape::new();
            let vars: Vec<Var<'_>> = values.iter().map(|x| tape.var(*x)).collect();
            assert_bits(formula.record(&vars).unwrap().value(), expected, &text);
        }
    }
    assert!(finite > count / 2, "{finite}");
}

proptest! {
    #![proptest_config(config(500, 20_000))]

    /// An answer or an error whose place is in the text, never a panic.
    #[test]
    fn arbitrary_text(
        text in prop_oneof![
            any::<String>(),
            "[a-z0-9(),;=|^*/+# \n.-]{0,40}",
            "(x|e|σ|sin|max|sum|log10|2|0.5|,|;|=|\\||\\(|\\)|\\^|\\+|-|√|²|·|_0| |\n|#|ñ|≤){0,12}",
        ]
    ) {
        if let Err(error) = value(&text) {
            if let Some(place) = error.place.as_ref() {
                let line = text.split('\n').nth(place.line - 1).expect("a line of the text");
                prop_assert!(place.column <= line.chars().count() + 1);
                prop_assert!(line.starts_with(&place.text));
            }
            prop_assert!(error.to_string().contains("\n try: "));
        }
    }
}

/// A megabyte of anything is read within a second, and no depth is too deep. (Unoptimised, an
/// eighth of that: a time that grew with the square of the length would still be seen.)
#[test]
fn a_megabyte() {
    let size = samples(1 << 17, 1 << 20) as usize;
    let many = |text: &str| text.repeat(size / text.len());
    let numbered = |text: fn(usize) -> String| (0..size / 16).map(text).collect::<String>();
    let texts = [
        many("x+") + "x",
        many("x^") + "x",
        many("|x|^") + "x",
        many("-") + "x",
        many("("),
        "(".repeat(size / 2) + "x" + &")".repeat(size / 2),
        "exp(".repeat(size / 5) + "x" + &")".repeat(size / 5),
        "max(x,".repeat(size / 7) + "x" + &")".repeat(size / 7),
        "|(".repeat(size / 4) + "x" + &")|".repeat(size / 4),
        numbered(|k| format!("name{k}+")) + "1",
        numbered(|k| format!("a{k} = x*{k}; ")) + "x",
        many("x\n"),
        many(";"),
        many("#"),
        "x".repeat(size),
        many("x)"),
        many("ñ²"),
        many("sinx(") + "x",
        many("log(") + "x",
        many("log(x)+") + "x",
        many("7"),
        many("a = x;"),
    ];
    for text in &texts {
        // Others may be at work on this machine: the best of three.
        let time = || {
            let start = Instant::now();
            drop(Formula::parse(text).map_err(|error| error.to_string()));
            start.elapsed()
        };
        let best = (0..3).map(|_| time()).find(|time| *time < Duration::from_secs(1));
        assert!(best.is_some(), "{}", &text[..8]);
    }
    for text in &texts[..4] {
        let formula = Formula::parse(text).unwrap();
        assert!(!formula.eval(&[0.5]).unwrap().is_infinite());
    }
}

/// Formulas as one writes them in Rust, and as one types them.
macro_rules! formulas {
    ($($text:literal: |$($name:ident),*| $body:expr;)*) => {
        fn formulas<S: Scalar>() -> Vec<(&'static str, fn(&[S]) -> S)> {
            vec![$(($text, |p: &[S]| {
                let [$($name),*] = *p else { panic!("{}: {} names", $text, p.len()) };
                $body
            })),*]
        }
    };
}

formulas! {
    "L = -ln(sigmoid(w*x + b))": |w, x, b| -(w * x + b).sigmoid().ln();
    "x*sigmoid(x)": |x| x * x.sigmoid();
    "1/(1 + e^-x)": |x| 1.0 / (1.0 + (-x).exp());
    "(e^x - e^(-x))/(e^x + e^(-x))": |x| {
        (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())
    };
    "exp(-x^2/2)/sqrt(2*pi)": |x| (-x.powf(2.0) / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    "exp(-(x - mu)^2/(2*sigma^2))": |x, mu, sigma| {
        (-(x - mu).powi(2) / (2.0 * sigma.powi(2))).exp()
    };
    "3*x^3 - 2*x^2 + x - 7": |x| 3.0 * x.powi(3) - 2.0 * x.powi(2) + x - 7.0;
    "x/y": |x, y| x / y;
    "(x + 1)/(x - 1)": |x| (x + 1.0) / (x - 1.0);
    "x^y": |x, y| x.pow(y);
    "2^x": |x| Arithmetic::pow(2.0, x);
    "x^-1": |x| x.powi(-1);
    "x^0.5": |x| x.powf(0.5);
    "x^(1/3)": |x| x.powf(1.0 / 3.0);
    "x^x": |x| x.pow(x);
    "pow(x, 3)": |x| x.pow(3.0);
    "powf(x, 3)": |x| x.powf(3.0);
    "sqrt(1 + sqrt(1 + x^2))": |x| (1.0 + (1.0 + x.powi(2)).sqrt()).sqrt();
    "max(0, x)": |x| Arithmetic::max(0.0, x);
    "max(0, 1 - y*z)": |y, z| Arithmetic::max(0.0, 1.0 - y * z);
    "min(x, y) + max(y, x)": |x, y| x.min(y) + y.max(x);
    "min(x, 1)": |x| x.min(1.0);
    "leaky_relu(x, 0.2) - elu(x, 1/2)": |x| x.leaky_relu(0.2) - x.elu(0.5);
    "|x - y|": |x, y| (x - y).abs();
    "abs(|x| - |y|)": |x, y| (x.abs() - y.abs()).abs();
    "sin(x)^2 + cos(x)^2": |x| x.sin().powi(2) + x.cos().powi(2);
    "tan(x) - atan(x)": |x| x.tan() - x.atan();
    "log(x/(1 - x))": |x| (x / (1.0 - x)).ln();
    "softplus(z) - y*z": |z, y| z.softplus() - y * z;
    "h = tanh(w*x + b); y = tanh(v*h + c); (y - t)^2": |w, x, b, v, c, t| {
        ((v * (w * x + b).tanh() + c).tanh() - t).powi(2)
    };
    "z = w*x + b\na = σ(z) # the sigmoid\nL = -(y*ln(a) + (1 - y)*ln(1 - a))": |w, x, b, y| {
        let a = (w * x + b).sigmoid();
        -(y * a.ln() + (1.0 - y) * (1.0 - a).ln())
    };
    "-x^2": |x| -x.powi(2);
    "x - y - z - 1": |x, y, z| x - y - z - 1.0;
    "x/y/z": |x, y, z| x / y / z;
    "2*3*x*4": |x| 6.0 * x * 4.0;
    "2^3^2*x": |x| 512.0 * x;
    "c = 2*3; c*x": |x| 6.0 * x;
    "σ(α)*σ": |alpha, sigma| alpha.sigmoid() * sigma;
}

#[test]
fn typed_and_in_rust() {
    for k in 0..formulas::<f64>().len() {
        let (text, in_rust) = formulas::<f64>()[k];
        let formula = Formula::parse(text).unwrap();
        let count = formula.names().len();
        for point in [[0.3, 1.7, -0.6, 0.4, 2.2, 0.9], [0.9, 0.2, 1.1, 3.0, -0.5, 0.1]] {
            let point = &point[..count];
            assert_bits(formula.eval(point).unwrap(), in_rust(point), text);
            let (_, in_rust) = formulas::<Var<'_>>()[k];
            let tape = Tape::new();
            let vars: Vec<Var<'_>> = point.iter().map(|x| tape.var(*x)).collect();
            let recorded = formula.record(&vars).unwrap();
            let (gradients, expected) = (recorded.backward(), in_rust(&vars).backward());
            assert_bits(recorded.value(), in_rust(&vars).value(), text);
            let (_, in_rust) = formulas::<Dual>()[k];
            for i in 0..count {
                assert_bits(gradients.wrt(vars[i]), expected.wrt(vars[i]), text);
                let mut duals: Vec<Dual> = point.iter().map(|x| Dual::constant(*x)).collect();
                duals[i] = Dual::variable(point[i]);
                let (slope, expected) = (formula.eval(&duals).unwrap(), in_rust(&duals));
                assert_bits(slope.value, expected.value, text);
                assert_bits(slope.slope, expected.slope, text);
            }
        }
    }
}

/// Each of them steps, draws and checks.
#[test]
fn homework() {
    for (text, _) in formulas::<f64>() {
        let formula = Formula::parse(text).unwrap();
        let point = &[0.3, 1.7, -0.6, 0.4, 2.2, 0.9][..formula.names().len()];
        let report = check::gradient!(|p| formula.eval(p).unwrap(), point);
        assert!(report.agrees(), "{text}\n{report}");
        let tape = Tape::new();
        let vars: Vec<Var<'_>> = point.iter().map(|x| tape.var(*x)).collect();
        let trace = formula.record(&vars).unwrap().trace();
        for k in 0..trace.frames.len() {
            assert!(stepper::frame(&trace, k, 80).contains("^\n"), "{text}");
            assert!(stepper::sentence(&trace, k).contains("Frame"), "{text}");
        }
        let operations = trace.nodes.iter().filter(|node| !node.operands.is_empty()).count();
        assert_eq!(view::dot(&trace).matches("->").count(), trace.steps().count(), "{text}");
        assert!(view::svg(&trace).matches("<rect").count() >= operations, "{text}");
        assert!(view::table(&trace).lines().count() > operations, "{text}");
        assert!(trace.first_non_finite().is_none(), "{text}");
    }
}

#[test]
fn names_and_nodes() {
    let formula = Formula::parse("z = w*x + b; y = z; a = sigmoid(y); L = -ln(a)").unwrap();
    assert_eq!((formula.names(), formula.output()), (vec!["w", "x", "b"], Some("L")));
    assert_eq!(formula.warnings(), []);
    let tape = Tape::new();
    let [w, x, b] = [("w", 0.5), ("x", 2.0), ("b", 1.0)].map(|(name, x)| tape.var(x).named(name));
    let trace = formula.record(&[w, x, b]).unwrap().trace();
    let names: Vec<String> = (0..trace.nodes.len()).map(|k| trace.label(k)).collect();
    assert_eq!(names, ["w", "x", "b", "#3", "z", "a", "#6", "L"]);
}

/// A list, as the closed form has it; and what e and pi can be.
#[test]
fn lists_and_constants() {
    let (x, y) = ([1.0, -2.0, -1.0], [1.0, 1.0, 0.0]);
    let text = "z = w*x + b; L = mean(softplus((1 - 2*y)*z))";
    let formula = Formula::parse(text).unwrap().with("x", &x).unwrap().with("y", &y).unwrap();
    assert_eq!(formula.names(), ["w", "b"]);
    let tape = Tape::new();
    let (w, b) = (tape.var(0.5), tape.var(1.5));
    let loss = formula.record(&[w, b]).unwrap();
    let losses: Vec<_> = (0..3).map(|k| ((1.0 - 2.0 * y[k]) * (w * x[k] + b)).softplus()).collect();
    let expected = tape.sum(&losses) / 3.0;
    assert_bits(loss.value(), expected.value(), text);
    let (slope, by_hand) = (loss.backward().wrt(w), formula.also("dw", "mean((sigmoid(z) - y)*x)"));
    assert_bits(slope, expected.backward().wrt(w), text);
    assert!((slope - by_hand.unwrap().eval(&[0.5, 1.5]).unwrap()).abs() < 1e-15);
    let names: Vec<String> = loss.trace().nodes.into_iter().map(|node| node.name).collect();
    assert_eq!((&*names[5], &*names[7], &*names[15]), ("z[0]", "z[2]", "L"), "{names:?}");

    for (list, message) in
        [(&[1.0][..], "the list `y` has 1 numbers"), (&[], "the list `y` has 0 numbers")]
    {
        assert_eq!(formula.clone().with("y", list).unwrap_err().what, message);
    }
    let error = formula.clone().with("v", &x).unwrap_err();
    assert_eq!(error.what, "the formula has no variable `v`");
    assert!(formula.clone().with("z", &x).is_err() && formula.clone().free("q").is_err());
    let error = formula.also("dw", "mean(zz)").unwrap_err();
    assert_eq!((error.hint.as_str(), error.place.unwrap().file.as_str()), ("write mean(z)", "dw"));
    assert_eq!(
        formula.also("dw", "2*pi").unwrap().eval(&[0.0, 0.0]).unwrap(),
        2.0 * std::f64::consts::PI
    );
    let error = Formula::parse("w*x").unwrap().with("x", &x).unwrap().eval(&[1.0]).unwrap_err();
    assert_eq!(
        (error.what.as_str(), error.hint.as_str()),
        ("the output is a list", "write mean(w*x)")
    );

    let formula = Formula::parse("e^2").unwrap();
    assert_eq!(formula.eval::<f64>(&[]).unwrap_err().what, "the formula has no variable");
    assert_eq!(formula.free("e").unwrap().eval(&[3.0]).unwrap(), 9.0);
    assert_eq!(Formula::parse("e = 3*x; e^2").unwrap().eval(&[1.0]).unwrap(), 9.0);
}

/// `f64::max` would.
#[test]
fn no_scalar_swallows_a_nan() {
    fn all<S: Scalar>(x: S, y: S) -> [f64; 4] {
        [x.max(y), y.max(x), x.min(y), Arithmetic::min(1.0, x)].map(S::value)
    }
    assert!(all(f64::NAN, 1.0).iter().all(|z| z.is_nan()));
    assert!(all(Dual::constant(f64::NAN), Dual::variable(1.0)).iter().all(|z| z.is_nan()));
    let tape = Tape::new();
    assert!(all(tape.var(f64::NAN), tape.var(1.0)).iter().all(|z| z.is_nan()));
}

#[test]
fn warnings() {
    let all = |text: &str| -> Vec<String> {
        Formula::parse(text).unwrap().warnings().iter().map(Error::to_string).collect()
    };
    assert_eq!(
        all("a = x; b = log(x); c = log(b)"),
        [
            "`log` is the natural logarithm
  --> formula:1:12
   | a = x; b = log(x); c = log(b)
   |            ^
 why: mathematics writes ln, programs log
 try: write a = x; b = ln(x); c = log(b)",
            "nothing uses `a = x`
  --> formula:1:1
   | a = x; b = log(x); c = log(b)
   | ^
 why: the output is the value of the last line
 try: write b = log(x); c = log(b)",
        ]
    );
    assert_eq!(all("x + y; x^2")[0].lines().last(), Some(" try: write x^2"));
    assert_eq!(all("# one\na = x # two\nx^2\n")[0].lines().last(), Some(" try: leave this out"));
}

/// The characters of a formula that a node's place underlines.
fn underlined(place: &Place) -> String {
    let Place::Text(stretch) = place else { panic!("{place}") };
    let [text, marks] = stretch.underlined();
    text.chars().zip(marks.chars()).filter(|(_, mark)| *mark == '^').map(|(c, _)| c).collect()
}

#[test]
fn each_node_has_its_place_in_the_text() {
    let text = "# a neuron\nz\t= ω*x + β; a = σ(z)\nL = -ln(a) + max(0, |z| - 2^ω)";
    let formula = Formula::parse(text).unwrap();
    let tape = Tape::new();
    let vars = [tape.var(0.5).named("ω"), tape.constant(2.0).named("x"), tape.var(1.0).named("β")];
    let trace = formula.record(&vars).unwrap().trace();
    let places: Vec<(String, String)> = (0..trace.nodes.len())
        .map(|k| (trace.formula(k), underlined(&trace.nodes[k].at)))
        .collect();
    let expected = [
        ("var", "ω"),
        ("const", "x"),
        ("var", "β"),
        ("mul(ω, x)", "ω*x"),
        ("add(#3, β)", "ω*x + β"),
        ("sigmoid(z)", "σ(z)"),
        ("ln(a)", "ln(a)"),
        ("neg(#6)", "-ln(a)"),
        ("abs(z)", "|z|"),
        ("pow(2, ω)", "2^ω"),
        ("sub(#8, #9)", "|z| - 2^ω"),
        ("max(0, #10)", "max(0, |z| - 2^ω)"),
        ("add(#7, #11)", "-ln(a) + max(0, |z| - 2^ω)"),
    ];
    assert_eq!(places, expected.map(|(formula, text)| (formula.to_string(), text.to_string())));
    assert_eq!(trace.nodes[6].at.to_string(), "formula:3:6");

    let frames: Vec<String> =
        [0, 4, 5, 14, 20].map(|k| stepper::frame(&trace, k, 80)).into_iter().collect();
    golden("formula/stepper.txt", &frames.join("\n"));
    assert!(stepper::sentence(&trace, 5).contains("on line 2 of formula"));
    assert!(view::json(&trace).contains(
        r#""file":"formula","line":2,"column":18,"source":["z = ω*x + β; a = σ(z)","                 ^^^^"]"#
    ));

    // Another tape, and the same one anew, know nothing of it.
    let mut tape = tape;
    tape.clear();
    let x = tape.var(1.0);
    assert!(matches!(x.exp().trace().nodes[1].at, Place::Code(_)));
}

#[test]
fn what_is_not_finite_shows_the_formula() {
    let formula = Formula::parse("z = w*x\nL = 2 - ln(z)").unwrap();
    let tape = Tape::new();
    let vars = [tape.var(0.0).named("w"), tape.constant(3.0).named("x")];
    let error = formula.record(&vars).unwrap().trace().first_non_finite().unwrap();
    assert_eq!(
        error.to_string(),
        "\
#3 = ln(z) is -inf
  --> formula:2:9
   | L = 2 - ln(z)
   |         ^
   = z = mul(w, x) is 0
   = w is 0
   = x is 3
 why: ln x falls without bound as x goes to 0, and its slope 1/x grows without bound
 try: find out why it is 0: a small constant added to it only hides that"
    );
}
