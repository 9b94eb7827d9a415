//! A rule that is applied wrongly at one place is found there.

use chainrule::check::{self, Claim, Dual, Slip};
use chainrule::formula::Formula;
use chainrule::scalar::{Tape, Var};
use chainrule::tensor::{self, Tensor};
use chainrule::trace::{Node, Place};

use crate::common::samples;

/// Numbers in [0, 1) (Knuth's MMIX).
fn random(mut state: u64) -> impl FnMut() -> f64 {
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// 13 points between 0.3 and 1.7, other ones for each seed.
fn points(count: usize, random: &mut impl FnMut() -> f64) -> Vec<Vec<f64>> {
    (0..13).map(|_| (0..count).map(|_| 0.3 + 1.4 * random()).collect()).collect()
}

fn slips(formula: &Formula, yours: &[(usize, Formula)], points: &[Vec<f64>]) -> Vec<Slip> {
    let mut claims = vec![];
    for at in points {
        let tape = Tape::new();
        let names = formula.names();
        let vars: Vec<Var> =
            names.iter().zip(at).map(|(name, &x)| tape.var(x).named(name.to_string())).collect();
        let output = formula.record(&vars).unwrap();
        let own: Vec<(Var, f64)> =
            yours.iter().map(|(i, own)| (vars[*i], own.eval(at).unwrap())).collect();
        claims.push(Claim::new(output, &own));
    }
    check::slips(&claims).slips
}

fn place(place: &Place) -> String {
    match place {
        Place::Text(stretch) => stretch.text().to_string(),
        Place::Code(at) => at.to_string(),
    }
}

/// The kind, a formula, its derivative with a slip, and where. K, L and M are numbers, N a whole one;
/// g and h are functions, and g' and h' their slopes.
const ROWS: &[[&str; 4]] = &[
    ["sign", "K*g(x)", "-K*g'(x)", "*"],
    ["factor 2", "K*g(x)", "2*K*g'(x)", "*"],
    ["factor 1/2", "K*g(x)", "K*g'(x)/2", "*"],
    ["forgot constant inner factor", "g(K*x)", "g'(K*x)", "K*x"],
    ["forgot inner k and at x", "g(K*x)", "g'(x)", "g(K*x)"],
    ["forgot outer constant", "K*g(x)", "g'(x)", "K*g(x)"],
    ["forgot inner slope", "g(x^2)", "g'(x^2)", "x^2"],
    ["outer slope at x", "g(x^2 + K*x)", "g'(x)*(2*x + K)", "g(x^2 + K*x)"],
    ["outer slope at h'(x)", "g(x^2 + K*x)", "g'(2*x + K)", "g(x^2 + K*x)"],
    ["product u'v", "g(K*x)*h(x)", "K*g'(K*x)*h(x)", "g(K*x)*h(x)"],
    ["product x v: only v", "x*g(x)", "g(x)", "x*g(x)"],
    ["product x v: only x v'", "x*g(x)", "x*g'(x)", "x*g(x)"],
    ["product (x+c) v: only v", "(x + K)*g(x)", "g(x)", "(x + K)*g(x)"],
    ["product k x v: only k v", "K*x*g(x)", "K*g(x)", "K*x*g(x)"],
    ["product u'v'", "g(x)*h(K*x)", "g'(x)*K*h'(K*x)", "g(x)*h(K*x)"],
    ["product minus", "g(x)*h(K*x)", "g'(x)*h(K*x) - g(x)*K*h'(K*x)", "g(x)*h(K*x)"],
    [
        "quotient order",
        "g(x)/(x^2 + K)",
        "(g(x)*2*x - g'(x)*(x^2 + K))/(x^2 + K)^2",
        "g(x)/(x^2 + K)",
    ],
    [
        "quotient not squared",
        "g(x)/(x^2 + K)",
        "(g'(x)*(x^2 + K) - g(x)*2*x)/(x^2 + K)",
        "g(x)/(x^2 + K)",
    ],
    [
        "quotient plus",
        "g(x)/(x^2 + K)",
        "(g'(x)*(x^2 + K) + g(x)*2*x)/(x^2 + K)^2",
        "g(x)/(x^2 + K)",
    ],
    ["quotient u'/v'", "g(x)/(x^2 + K)", "g'(x)/(2*x)", "g(x)/(x^2 + K)"],
    ["power not lowered", "x^N", "N*x^N", "x^N"],
    ["power not in front", "x^N", "x^(N - 1)", "x^N"],
    ["power n - 1", "x^N", "(N - 1)*x^(N - 1)", "x^N"],
    ["power in a polynomial", "K*x^N + L*x^2 + M*x", "K*x^(N - 1) + 2*L*x + M", "x^N"],
    ["power rule on exp", "exp(x)", "x*exp(x - 1)", "exp(x)"],
    ["1/x without minus", "K/x", "K/x^2", "K/x"],
    ["1/x -> ln", "1/x", "ln(x)", "1/x"],
    ["sqrt without 1/2", "sqrt(x)", "1/sqrt(x)", "sqrt(x)"],
    ["sqrt 1/(2x)", "sqrt(x)", "1/(2*x)", "sqrt(x)"],
    ["sigmoid z", "sigmoid(K*x)", "K*(K*x)*(1 - K*x)", "sigmoid(K*x)"],
    ["sigmoid of a", "sigmoid(x)", "sigmoid(sigmoid(x))*(1 - sigmoid(sigmoid(x)))", "sigmoid(x)"],
    ["sigmoid plus", "sigmoid(K*x)", "K*sigmoid(K*x)*(1 + sigmoid(K*x))", "sigmoid(K*x)"],
    ["sigmoid a (a - 1)", "sigmoid(x)", "sigmoid(x)*(sigmoid(x) - 1)", "sigmoid(x)"],
    ["sigmoid 1 - a", "sigmoid(K*x)", "K*(1 - sigmoid(K*x))", "sigmoid(K*x)"],
    ["sigmoid not squared", "1/(1 + exp(-x))", "exp(-x)/(1 + exp(-x))", "1/(1 + exp(-x))"],
    ["sigmoid sign of -x", "1/(1 + exp(-x))", "-exp(-x)/(1 + exp(-x))^2", "-x"],
    ["tanh 1 - y", "tanh(K*x)", "K*(1 - tanh(K*x))", "tanh(K*x)"],
    ["tanh 1 - x²", "tanh(x)", "1 - x^2", "tanh(x)"],
    ["tanh 1 + y²", "tanh(K*x)", "K*(1 + tanh(K*x)^2)", "tanh(K*x)"],
    ["tanh y (1 - y)", "tanh(K*x)", "K*tanh(K*x)*(1 - tanh(K*x))", "tanh(K*x)"],
    ["f for f'", "K*g(L*x)", "K*g(L*x)", "*"],
    ["x for f'", "K*g(L*x)", "x", "K*g(L*x)"],
    ["1 for f'", "K*g(L*x)", "1 + 0*x", "K*g(L*x)"],
    ["0 for f'", "K*g(L*x)", "0*x", "*"],
    ["log10", "ln(x)/ln(10)", "1/x", "ln(x)/ln(10)"],
    ["ln with log10's slope", "ln(x)", "1/(x*ln(10))", "ln(x)"],
    ["2^x without ln 2", "N^x", "N^x", "N^x"],
    ["degrees", "sin(pi*x/180)", "cos(pi*x/180)", "*"],
    ["degrees at x", "sin(x)", "cos(pi*x/180)", "sin(x)"],
    ["sin' = -cos", "K*sin(L*x)", "-K*L*cos(L*x)", "sin(L*x)"],
    ["cos' = sin", "K*cos(L*x)", "K*L*sin(L*x)", "cos(L*x)"],
    ["sin' = sin", "K*sin(L*x)", "K*L*sin(L*x)", "sin(L*x)"],
    ["relu exchanged", "relu(x - 1)", "1 - max((x - 1)/|x - 1|, 0)", "relu(x - 1)"],
    ["relu 1", "relu(x - 1)", "1 + 0*x", "relu(x - 1)"],
    ["relu x", "relu(x - 1)", "relu(x - 1)", "relu(x - 1)"],
    ["leaky 0", "leaky_relu(x - 1, 0.1)", "max((x - 1)/|x - 1|, 0)", "leaky_relu(x - 1, 0.1)"],
    [
        "leaky a x",
        "leaky_relu(x - 1, 0.1)",
        "max((x - 1)/|x - 1|, 0) + min(0.1*(x - 1), 0)",
        "leaky_relu(x - 1, 0.1)",
    ],
    [
        "elu below",
        "elu(x - 1, 0.7)",
        "max((x - 1)/|x - 1|, 0) + min(elu(x - 1, 0.7), 0)",
        "elu(x - 1, 0.7)",
    ],
    ["abs 1", "|x - 1|", "1 + 0*x", "|x - 1|"],
    ["abs of g", "|g(K*x) - M|", "K*g'(K*x)", "*"],
    ["clipped", "max(min(x, 1.2), 0.6)", "1 + 0*x", "*"],
    ["sum: constant term", "g(x) + K*x", "g'(x)", "*"],
    ["sum: x term", "g(x) + K*x^2/2", "g'(x)", "*"],
    ["sum: x² term", "g(x) + K*x^3/3", "g'(x)", "*"],
    ["sum: constant kept", "g(x) + K", "g'(x) + K", "g(x) + K"],
    ["sum: second forgotten", "g(x) + h(K*x)", "g'(x)", "*"],
    ["sum: second undifferentiated", "g(x) + h(K*x)", "g'(x) + h(K*x)", "h(K*x)"],
    ["fan-out g g", "g(x)*g(x)", "g(x)*g'(x)", "*"],
    ["softplus e^x", "softplus(x)", "exp(x)", "softplus(x)"],
    ["softplus -x", "softplus(x)", "1/(1 + exp(x))", "softplus(x)"],
    ["softplus typed, e^x", "ln(1 + exp(x))", "exp(x)", "ln(1 + exp(x))"],
    ["softplus typed, -x", "ln(1 + exp(x))", "1/(1 + exp(x))", "*"],
    ["atan 1/(1+x)", "atan(x)", "1/(1 + x)", "atan(x)"],
    ["atan root", "atan(x)", "1/sqrt(1 + x^2)", "atan(x)"],
    [
        "gelu digit",
        "0.5*x*(1 + tanh(0.8*(x + 0.0447*x^3)))",
        "0.5*(1 + tanh(0.8*(x + 0.0447*x^3))) + 0.5*x*(1 - tanh(0.8*(x + 0.0447*x^3))^2)*0.8*(1 + 3*0.447*x^2)",
        "0.0447*x^3",
    ],
    [
        "gelu 3",
        "0.5*x*(1 + tanh(0.8*(x + 0.0447*x^3)))",
        "0.5*(1 + tanh(0.8*(x + 0.0447*x^3))) + 0.5*x*(1 - tanh(0.8*(x + 0.0447*x^3))^2)*0.8*(1 + 0.0447*x^2)",
        "x^3",
    ],
    ["reciprocal", "K*g(L*x)", "1/(K*L*g'(L*x))", "*"],
    ["negated argument", "g(-x)", "g'(-x)", "-x"],
];

/// The same of losses of w and b over examples x, y, with 1/m or without: dw, db, and where.
const LOSSES: &[[&str; 5]] = &[
    ["sign of all", CE, "-mean((sigmoid(z) - y)*x)", "-mean(sigmoid(z) - y)", "*"],
    ["sign of one entry", CE, "-mean((sigmoid(z) - y)*x)", "mean(sigmoid(z) - y)", "*"],
    ["forgot 1/m", CE, "sum((sigmoid(z) - y)*x)", "sum(sigmoid(z) - y)", "mean(l)"],
    ["1/m twice", CE, "mean((sigmoid(z) - y)*x)/5", "mean(sigmoid(z) - y)/5", "mean(l)"],
    ["1/n for 1/m", CE, "sum((sigmoid(z) - y)*x)/2", "sum(sigmoid(z) - y)/2", "mean(l)"],
    ["1/m only in dw", CE, "mean((sigmoid(z) - y)*x)", "sum(sigmoid(z) - y)", "*"],
    ["2 forgotten", SE, "mean((z - y)*x)", "mean(z - y)", "(z - y)^2"],
    ["2 too many", "z = w*x + b; L = mean((z - y)^2)/2", "2*mean((z - y)*x)", "2*mean(z - y)", "*"],
    ["penalty forgotten", PEN, "mean((z - y)*x)*2", "mean(z - y)*2", "K*(w^2 + b^2)"],
    ["penalty forgotten, w", PENW, "mean((z - y)*x)*2", "mean(z - y)*2", "K*w^2"],
    ["penalty on b too", PENW, "mean((z - y)*x)*2 + 2*K*w", "mean(z - y)*2 + 2*K*b", "b"],
    ["penalty twice", PEN, "mean((z - y)*x)*2 + 4*K*w", "mean(z - y)*2 + 4*K*b", "K*(w^2 + b^2)"],
    ["penalty / m", PENW, "mean((z - y)*x)*2 + 2*K*w/5", "mean(z - y)*2", "K*w^2"],
    ["penalty sign", PENW, "mean((z - y)*x)*2 - 2*K*w", "mean(z - y)*2", "K*w^2"],
    ["penalty L1", PENW, "mean((z - y)*x)*2 + K*w/|w|", "mean(z - y)*2", "w^2"],
    ["db forgotten", CE, "mean((sigmoid(z) - y)*x)", "0*b", "*"],
    ["y forgotten", CE, "mean(sigmoid(z)*x)", "mean(sigmoid(z))", "*"],
    ["z for a", CE, "mean((z - y)*x)", "mean(z - y)", "*"],
    ["labels exchanged", CE, "mean((sigmoid(z) - (1 - y))*x)", "mean(sigmoid(z) - (1 - y))", "*"],
    [
        "a(1 - a) left in",
        CE,
        "mean((sigmoid(z) - y)*sigmoid(z)*(1 - sigmoid(z))*x)",
        "mean((sigmoid(z) - y)*sigmoid(z)*(1 - sigmoid(z)))",
        "*",
    ],
    ["y forgotten, posted", POST, "mean(a*x)", "mean(a)", "*"],
    ["z for a, posted", POST, "mean((z - y)*x)", "mean(z - y)", "*"],
    ["labels exchanged, posted", POST, "mean((a - (1 - y))*x)", "mean(a - (1 - y))", "*"],
    [
        "a(1 - a) left in, posted",
        POST,
        "mean((a - y)*a*(1 - a)*x)",
        "mean((a - y)*a*(1 - a))",
        "sigmoid(z)",
    ],
    ["without a(1 - a)", SQ, "2*mean((a - y)*x)", "2*mean(a - y)", "sigmoid(z)"],
    ["z (1 - z)", SQ, "2*mean((a - y)*z*(1 - z)*x)", "2*mean((a - y)*z*(1 - z))", "sigmoid(z)"],
    [
        "tanh 1 - a",
        "z = w*x + b; h = tanh(z); L = mean((h - y)^2)",
        "2*mean((h - y)*(1 - h)*x)",
        "2*mean((h - y)*(1 - h))",
        "tanh(z)",
    ],
    ["x forgotten", CE, "mean(sigmoid(z) - y)", "mean(sigmoid(z) - y)", "w*x"],
    [
        "last example only",
        CE,
        "(sigmoid(1.7*w + b) - 1)*1.7/5",
        "(sigmoid(1.7*w + b) - 1)/5",
        "mean(l)",
    ],
    [
        "one example forgotten",
        CE,
        "mean((sigmoid(z) - y)*x) - (sigmoid(1.7*w + b) - 1)*1.7/5",
        "mean(sigmoid(z) - y) - (sigmoid(1.7*w + b) - 1)/5",
        "mean(l)",
    ],
    [
        "one example twice",
        CE,
        "mean((sigmoid(z) - y)*x) + (sigmoid(1.7*w + b) - 1)*1.7/5",
        "mean(sigmoid(z) - y) + (sigmoid(1.7*w + b) - 1)/5",
        "mean(l)",
    ],
    [
        "mean for sum",
        "z = w*x + b; L = sum((z - y)^2)",
        "2*mean((z - y)*x)",
        "2*mean(z - y)",
        "sum((z - y)^2)",
    ],
    ["sign and 1/m", CE, "-sum((sigmoid(z) - y)*x)", "-sum(sigmoid(z) - y)", "*"],
    ["sign and penalty", PEN, "-mean((z - y)*x)*2", "-mean(z - y)*2", "*"],
    ["data halved", PEN, "mean((z - y)*x) + 2*K*w", "mean(z - y) + 2*K*b", "*"],
];
const CE: &str = "z = w*x + b; l = softplus(z) - y*z; L = mean(l)";
const POST: &str = "z = w*x + b; a = sigmoid(z); L = -mean(y*ln(a) + (1 - y)*ln(1 - a))";
const SE: &str = "z = w*x + b; L = mean((z - y)^2)";
const SQ: &str = "z = w*x + b; a = sigmoid(z); L = mean((a - y)^2)";
const PEN: &str = "z = w*x + b; L = mean((z - y)^2) + K*(w^2 + b^2)";
const PENW: &str = "z = w*x + b; L = mean((z - y)^2) + K*w^2";

/// And of other formulas: the derivatives of all variables, and where.
const OTHERS: &[(&str, &str, &[&str], &str)] = &[
    ("one of two paths", "g(w) + h(w)", &["g'(w)"], "*"),
    ("sin(p q): p forgotten", "g(p*q)", &["g'(p*q)", "g'(p*q)*p"], "p*q"),
    ("sin(p q): exchanged", "g(p*q)", &["g'(p*q)*p", "g'(p*q)*q"], "p*q"),
    ("p/q: minus", "p/q", &["1/q", "p/q^2"], "p/q"),
    ("p/q: square", "p/q", &["1/q", "-p/q"], "p/q"),
    ("2 forgotten in one", "K*p^2 + L*q^2 + M*r^2", &["2*K*p", "L*q", "2*M*r"], "q^2"),
    ("softmax: y forgotten", SOFT, &["a", "c", "d"], "*"),
    ("softmax: y shifted", SOFT, &["a", "c - 1", "d"], "*"),
    ("softmax: diagonal", OUT, &["a*(1 - a)", "c*(1 - c)", "d*(1 - d)"], "*"),
    ("softmax: off-diagonal", OUT, &["a*(1 - a)", "a*c", "a*d"], "*"),
    (
        "hidden slope forgotten",
        NET,
        &["2*(o - t)*o*(1 - o)*v*x", "2*(o - t)*o*(1 - o)*h"],
        "tanh(u*x)",
    ),
    (
        "hidden slope of the wrong layer",
        NETS,
        &["2*(o - t)*o*(1 - o)*v*o*(1 - o)*x", "2*(o - t)*o*(1 - o)*h"],
        "sigmoid(u*x)",
    ),
    ("w2 forgotten", NET, &["2*(o - t)*o*(1 - o)*(1 - h^2)*x", "2*(o - t)*o*(1 - o)*h"], "v*h"),
    ("forgot the 3", "g(3*p)", &["g'(3*p)"], "3*p"),
    ("factor 2", "g(p)", &["2*g'(p)"], "g(p)"),
    ("sin x² without 2x", "g(p^2)", &["g'(p^2)"], "p^2"),
];
const SOFT: &str =
    "s = exp(p) + exp(q) + exp(r); a = exp(p)/s; c = exp(q)/s; d = exp(r)/s; L = -ln(a)";
const OUT: &str = "s = exp(p) + exp(q) + exp(r); c = exp(q)/s; d = exp(r)/s; a = exp(p)/s";
const NET: &str = "x = 0.7; t = 0.4; h = tanh(u*x); o = sigmoid(v*h); L = (o - t)^2";
const NETS: &str = "x = 0.7; t = 0.4; h = sigmoid(u*x); o = sigmoid(v*h); L = (o - t)^2";

/// Of one variable each.
const FUNCTIONS: [[&str; 2]; 7] = [
    ["sin(@)", "cos(@)"],
    ["tanh(@)", "(1 - tanh(@)^2)"],
    ["sigmoid(@)", "(sigmoid(@)*(1 - sigmoid(@)))"],
    ["softplus(@)", "sigmoid(@)"],
    ["atan(@)", "(1/(1 + (@)^2))"],
    ["cos(@)", "(-sin(@))"],
    ["ln(@)", "(1/(@))"],
];

/// Puts functions in the place of g and h.
fn with_function(text: &str, name: &str, [f, df]: [&str; 2]) -> String {
    let mut text = text.to_string();
    for (call, body) in [(format!("{name}'("), df), (format!("{name}("), f)] {
        let mut from = 0;
        while let Some(found) = text[from..].find(&call) {
            let start = from + found;
            let before = text[..start].chars().last().unwrap_or(' ');
            if before.is_alphanumeric() {
                from = start + 1;
                continue;
            }
            let open = start + call.len();
            let mut depth = 1;
            let length = text[open..].find(|c| {
                depth += if c == '(' { 1 } else { 0 } - if c == ')' { 1 } else { 0 };
                depth == 0
            });
            let argument = text[open..open + length.unwrap()].to_string();
            let argument = with_function(&argument, name, [f, df]);
            text.replace_range(start..open + length.unwrap() + 1, &body.replace('@', &argument));
            from = start + 1;
        }
    }
    text
}

/// The letters of a row, and two functions, filled in.
fn filler(random: &mut dyn FnMut() -> f64) -> impl Fn(&str) -> String + use<> {
    let mut pick = |least: f64| format!("{:.2}", least + 1.5 * random());
    let constants = [("K", pick(1.1)), ("L", pick(0.6)), ("M", pick(2.0))];
    let n = format!("{}", 3 + (4.0 * random()) as usize);
    let functions = [(); 2].map(|_| FUNCTIONS[(random() * 7.0) as usize]);
    move |text: &str| {
        let mut text = with_function(text, "g", functions[0]);
        text = with_function(&text, "h", functions[1]).replace("L = ", "out = ");
        constants.iter().for_each(|(letter, value)| text = text.replace(letter, value));
        text.replace('N', &n)
    }
}

/// How many were named, named wrongly, and tried; and how many a "try:" has fixed.
#[derive(Default)]
struct Tally([usize; 3], usize);

impl Tally {
    /// Judges instances of one row.
    fn row(
        &mut self,
        name: &str,
        lists: bool,
        mut instance: impl FnMut() -> (Formula, Vec<String>, String),
    ) {
        let mut random = random(3);
        let (mut named, mut of, mut first) = (0, 0, String::new());
        for _ in 0..samples(3, 60) {
            let (formula, by_hand, site) = instance();
            let own = by_hand.iter().map(|text| formula.also("by hand", text).unwrap());
            let at = points(formula.names().len(), &mut random);
            let found = slips(&formula, &own.enumerate().collect::<Vec<_>>(), &at);
            let one = |slip: &Slip| {
                place(&slip.place) == site || slip.also.iter().any(|also| place(also) == site)
            };
            let names = |slip: &Slip| {
                site == "*" || one(slip) || slip.with.as_ref().is_some_and(|s| one(s))
            };
            let good = found.iter().take(3).any(names);
            named += usize::from(good);
            of += 1;
            // A list has other numbers for each example.
            if let ([slip, ..], false) = (&found[..], lists) {
                let own: Vec<(usize, f64)> = by_hand
                    .iter()
                    .enumerate()
                    .map(|(i, text)| (i, formula.also("", text).unwrap().eval(&at[0]).unwrap()))
                    .collect();
                match mended(slip, &formula, &own, &at[0]) {
                    Some(true) => self.1 += 1,
                    Some(false) => panic!("not fixed: {by_hand:?}\n{slip}"),
                    None => {}
                }
            }
            self.0[1] += usize::from(!good && !found.is_empty());
            if first.is_empty() && (!good || std::env::var("SHOW").is_ok()) {
                first = format!("{by_hand:?} at {site}");
                found.iter().for_each(|slip| first += &format!("\n{slip}"));
            }
        }
        self.0 = [self.0[0] + named, self.0[1], self.0[2] + of];
        if !first.is_empty() {
            println!("{name}: {named} of {of}\n{first}\n");
        }
    }
}

/// The derivatives at a point, after a "try:" was followed there; None where it is no arithmetic. What
/// goes through a node is found anew: its gradient, by its slope by forward mode.
fn carried_out(slip: &Slip, formula: &Formula, yours: &[(usize, f64)], at: &[f64]) -> Vec<f64> {
    let tape = Tape::new();
    let vars: Vec<Var> =
        formula.names().iter().zip(at).map(|(k, &x)| tape.var(x).named(k.to_string())).collect();
    let trace = formula.record(&vars).unwrap().trace();
    // A letter stands for what is said below.
    let meaning = |text: &str| {
        let line = format!(", {}", slip.numbers.replace("\n     ", ", "));
        let known =
            line.split(&format!(", {text} = ")).nth(1).map(|m| m.split(", ").next().unwrap());
        known.filter(|m| m.parse::<f64>().is_err()).unwrap_or(text).to_string()
    };
    let number_of = |text: &str| {
        let text = &text.replace(", else", " else");
        let lines = slip.numbers.replace(", else", " else");
        let lines = lines.replace("right ", "right = ");
        let text = if text.starts_with("the slope of ") { "right" } else { text };
        let printed = lines.split([',', '\n']).filter_map(|line| line.split_once(" = "));
        let printed = printed.filter_map(|(k, x)| Some((k.trim(), x.parse::<f64>().ok()?)));
        let number = |text: &str| {
            text.parse().ok().or_else(|| Some(printed.clone().find(|(k, _)| *k == text)?.1))
        };
        // A factor is what is right by what was taken.
        let factor = || {
            let (taken, right) = slip.what.split_once("was taken as ")?.1.split_once(';')?;
            Some(number(right.split_once("it is ")?.1)? / number(taken)?)
        };
        // relu(u)/u can be typed.
        let typed = || {
            let (call, x) = text.rsplit_once('/')?;
            let (f, others) = call.split_once('(')?;
            let (x, others) = (meaning(x), others.strip_prefix(x)?);
            formula.also("", &format!("{f}({x}{others}/({x})")).ok()?.eval::<f64>(at).ok()
        };
        number(text)
            .or_else(typed)
            .or_else(factor)
            .unwrap_or_else(|| panic!("no number for {text}\n{slip}"))
    };
    let called =
        |k: &usize, text: &str| trace.nodes[*k].name == text || place(&trace.nodes[*k].at) == text;
    let here = |k: &usize| {
        let at = &trace.nodes[*k].at;
        at.start() == slip.place.start() && place(at) == place(&slip.place)
    };
    let node = (0..trace.nodes.len()).rev().find(here).unwrap();
    let gradients = trace.gradients(trace.frames.len());
    let up = |k: usize| gradients[k].as_ref().map_or(0.0, |g| g.get(0, 0));
    // What of the derivative with respect to variable i goes through that.
    let through = |text: &str, i: usize| {
        let text = meaning(text);
        let step = trace.steps().filter(|step| step.node == node);
        let operand = step.into_iter().find(|step| called(&step.input, &text));
        let slope = |k: usize| {
            let Node { name, at: stretch, .. } = &trace.nodes[k];
            let text = if name.is_empty() { place(stretch) } else { name.clone() };
            let text = if k < vars.len() { formula.names()[k].to_string() } else { text };
            let dual = |(k, &x)| if k == i { Dual::variable(x) } else { Dual::constant(x) };
            let at: Vec<Dual> = at.iter().enumerate().map(dual).collect();
            formula.also("", &text).unwrap().eval(&at).unwrap().slope
        };
        match operand {
            Some(step) => step.product.get(0, 0) * slope(step.input),
            None => up(node) * slope(node),
        }
    };
    let mend = |(i, yours): &(usize, f64)| {
        // "dw and db", where others are right.
        let names = formula.names();
        let names = names.iter().map(|name| format!("d{name}"));
        let words: Vec<&str> = slip.hint.split([' ', ',']).collect();
        let named: Vec<String> = names.filter(|name| words.contains(&&**name)).collect();
        if !named.is_empty() && !named.contains(&format!("d{}", formula.names()[*i])) {
            return *yours;
        }
        let hint = match &*named.join(" and ") {
            "" => slip.hint.clone(),
            named => slip.hint.replace(named, "it"),
        };
        let hint = hint.strip_prefix("in it, ").unwrap_or(&hint);
        let words: Vec<&str> = hint.split("the part through ").collect();
        let Some(part) = words.get(1) else {
            return match hint.split_once(" it by ").or(hint[6..].split_once(" for ")) {
                _ if hint == "put a minus sign in front of it" => -yours,
                Some(("divide", by)) => yours / number_of(by),
                Some(("multiply", by)) => yours * number_of(by),
                Some((right, taken)) => yours / number_of(taken) * number_of(right),
                None => f64::NAN,
            };
        };
        let write = part
            .split_once(", write ")
            .map(|(part, write)| (part, write.split_once(" for ").unwrap()));
        match (words[0], part.split_once(" by "), write) {
            ("add ", ..) => yours + through(part, *i),
            ("put a minus sign in front of ", ..) => yours + 2.0 * through(part, *i),
            ("divide ", Some((part, by)), _) => yours - (number_of(by) - 1.0) * through(part, *i),
            ("multiply ", Some((part, by)), _) => {
                yours + (1.0 - 1.0 / number_of(by)) * through(part, *i)
            }
            ("in ", _, Some((part, (right, taken)))) => {
                yours + (1.0 - number_of(taken) / number_of(right)) * through(part, *i)
            }
            _ => f64::NAN,
        }
    };
    yours.iter().map(mend).collect()
}

/// Whether a "try:" was arithmetic that could be carried out, and that made all right.
fn mended(slip: &Slip, formula: &Formula, yours: &[(usize, f64)], at: &[f64]) -> Option<bool> {
    // Slopes are those with respect to one variable.
    let of = slip.numbers.split_once("\n     for d").and_then(|(_, name)| name.lines().next());
    let meant = |i: usize| {
        let name = formula.names()[i].to_string();
        (slip.entries.is_empty() || slip.entries.contains(&name)) && of.is_none_or(|of| of == name)
    };
    let yours: Vec<(usize, f64)> = yours.iter().filter(|(i, _)| meant(*i)).copied().collect();
    // "The part through n" of n - n may be either.
    let twice = place(&slip.place);
    let twice = twice.split_once(['-', '/', '+']);
    let twice = twice.is_some_and(|(x, y)| x.trim() == y.trim());
    if twice || slip.with.is_some() || slip.numbers.contains("\n     at ") {
        return None;
    }
    let mended = carried_out(slip, formula, &yours, at);
    let right = |i: usize| {
        let dual = |(k, &x)| if k == i { Dual::variable(x) } else { Dual::constant(x) };
        formula.eval(&at.iter().enumerate().map(dual).collect::<Vec<_>>()).unwrap().slope
    };
    let near = |((i, yours), mended): (&(usize, f64), &f64)| {
        (mended - right(*i)).abs() <= 1e-4 * (right(*i).abs() + yours.abs() + 1e-3)
    };
    match mended.iter().any(|x| x.is_nan()) {
        true => None,
        false => Some(yours.iter().zip(&mended).all(near)),
    }
}

#[test]
fn rows() {
    let mut random = random(7);
    let mut tally = Tally::default();
    for [name, formula, wrong, site] in ROWS {
        tally.row(name, false, || {
            let fill = filler(&mut random);
            (Formula::parse(&fill(formula)).unwrap(), vec![fill(wrong)], fill(site))
        });
    }
    println!("{:?}", tally.0);
    for [name, formula, dw, db, site] in LOSSES {
        tally.row(name, true, || {
            let fill = filler(&mut random);
            let formula = Formula::parse(&fill(formula)).unwrap();
            let x: Vec<f64> = (0..4).map(|_| 2.0 * random()).chain([1.7]).collect();
            let y = [0.0, 1.0, 0.0, 0.0, 1.0];
            let formula = formula.with("x", &x).unwrap().with("y", &y).unwrap();
            (formula, vec![fill(dw), fill(db)], fill(site))
        });
    }
    println!("{:?}", tally.0);
    for (name, formula, by_hand, site) in OTHERS {
        tally.row(name, false, || {
            let fill = filler(&mut random);
            let formula = Formula::parse(&fill(formula)).unwrap();
            (formula, by_hand.iter().map(|text| fill(text)).collect(), fill(site))
        });
    }
    let [named, wrong, of] = tally.0;
    println!("{} fixed", tally.1);
    assert!(2 * tally.1 >= of, "{} fixed", tally.1);
    println!("{named} of {of} named, {wrong} wrongly");
    assert!(10 * named >= 9 * of && 100 * wrong <= of, "{named} of {of}, {wrong} wrong");
}

/// What the rows above do not contain: each wrong rule of the list is named in its own words.
#[test]
fn each_wrong_rule() {
    let mut random = random(17);
    let mut missing = String::new();
    for (formula, wrong, words) in [
        ("x^2 - tanh(x)", "2*x + 1 - tanh(x)^2", "the minus sign before tanh(x) was lost"),
        ("sum(x*y)", "0.3 + 0*x", "only the first term was kept"),
        ("sin(x)*exp(x)", "cos(x) + exp(x)", "the slopes were added"),
        ("sin(x)/3", "cos(x)/9", "it was divided by 3 twice"),
        ("sin(x)/3", "3*cos(x)", "it was multiplied by 3, not divided"),
        ("sin(x)/(x^2 + 2)", "cos(x)/(x^2 + 2) + sin(x)*2*x/(x^2 + 2)", "and its minus lost"),
        ("sin(x)/(x^2 + 2)", "cos(x)/(x^2 + 2) - 2*x/(x^2 + 2)^2", "the numerator was forgotten"),
        ("sin(x)/exp(x)", "cos(x)/exp(x)", "the denominator's slope v' was left out"),
        ("sin(x)/(x^2 + 2)", "-sin(x)*2*x/(x^2 + 2)^2", "the numerator's slope u' was left out"),
        ("sin(x)/(x^2 + 2)", "cos(x)*(x^2 + 2) - sin(x)*2*x", "it was not divided by v²"),
        ("sin(x)/(x^2 + 2)", "cos(x)/(2*x)", "the slopes were divided"),
        ("x^5", "5*x^6", "the exponent was raised, not lowered"),
        ("x^5", "5*x^3", "the exponent was lowered twice"),
        ("x^5", "5*x", "the power was lost"),
        ("x^5", "5 + 0*x", "the power was lost"),
        ("x^5", "x^5*ln(x)", "this is not an exponential function"),
        ("x^5", "x^6/6", "it was integrated"),
        ("(x - 1)^2", "2*(x - 1)/|x - 1|", "that is the slope of 2|u|"),
        ("(x - 1)^2", "(x - 1)/|x - 1|", "that is the slope of |u|"),
        ("x^x", "x^x*ln(x)", "the base x was taken for a constant"),
        ("x^x", "x*x^(x - 1)", "the exponent x was taken for a constant"),
        ("2^x", "x*2^(x - 1)", "the power rule does not apply"),
        ("2^x", "2^x", "the factor ln 2 was forgotten"),
        ("ln(x)", "1/x^2", "1/x was squared"),
        ("ln(x)", "x", "it was multiplied by x, not divided"),
        ("ln(x)", "ln(10)/x", "that is not the slope of ln"),
        ("sqrt(x)", "sqrt(x)/2", "it was multiplied by the root, not divided"),
        ("recip(x)", "-1/x", "1/x was not squared"),
        ("recip(x)", "1/x^2", "the minus sign was lost"),
        ("recip(x)", "ln(x)", "1/x was integrated"),
        ("tan(x/2)", "(1 - tan(x/2)^2)/2", "that is the slope of tanh"),
        ("tan(x/2)", "tan(x/2)^2/2", "the 1 was forgotten"),
        ("tan(x/2)", "(1 + tan(x/2))/2", "a was not squared"),
        ("tan(x/2)", "(1 + (x/2)^2)/2", "u was taken for a"),
        ("atan(x/2)", "1/(1 - (x/2)^2)/2", "that is the slope of atanh"),
        ("atan(x)", "1/(1 + atan(x)^2)", "a was taken for x"),
        ("atan(x)", "1 + x^2", "it was multiplied, not divided"),
        ("tanh(x)", "tanh(x)^2", "the 1 was forgotten"),
        ("sigmoid(x)", "sigmoid(x)", "the factor 1 - a was forgotten"),
        ("sigmoid(x)", "1 - sigmoid(x)^2", "that is the slope of tanh"),
        ("sigmoid(x)", "sigmoid(x)^2", "a was squared"),
        ("softplus(x)", "sigmoid(x)*(1 - sigmoid(x))", "that is the slope of sigmoid"),
        ("relu(x - 1)", "relu(x - 1)", "relu itself was taken for its slope"),
        ("max(x, x^2)", "1 + 2*x", "were counted"),
        ("max(x, 1)", "1 + 0*x", "max(x, 1) was taken for x everywhere"),
        ("max(1, x)", "1 + 0*x", "max(1, x) was taken for x everywhere"),
        ("sin(2*x)", "cos(x)", "at x, without the inner slope"),
        ("h = sin(x); h*x + h^3 + exp(h)", "h + exp(h)*cos(x)", "only the last was kept"),
        ("h = sin(x); h*x + h^3 + exp(h)", "h + x*cos(x)", "only the first was kept"),
    ] {
        let mut formula = Formula::parse(formula).unwrap();
        if formula.names().contains(&"y") {
            formula = formula.with("y", &[0.3, 1.1, 0.8]).unwrap();
        }
        let own = formula.also("by hand", wrong).unwrap();
        let found = slips(&formula, &[(0, own)], &points(1, &mut random));
        let named = found.iter().take(3).any(|slip| slip.what.contains(words));
        let all: Vec<String> = found.iter().map(|slip| slip.to_string()).collect();
        if !named {
            missing += &format!("{wrong}: {words}\n{}\n", all.join("\n"));
        }
    }
    assert_eq!(missing, "");
}

/// Two layers, vectorised: dW1, db1, dW2, db2, with one slip each.
#[test]
fn two_layers_vectorised() {
    let mut random = random(5);
    let mut matrix =
        |n: usize, m: usize| Tensor::new(n, m, (0..n * m).map(|_| 2.0 * random() - 1.0).collect());
    let (w1, b1, w2, b2) = (matrix(3, 3), matrix(3, 1), matrix(1, 3), matrix(1, 1));
    let (x, y, m) = (matrix(3, 4), matrix(1, 4), 4.0);
    let (z1, one) = (&w1.matmul(&x) + &b1, 1.0);
    let a1 = z1.map(f64::tanh);
    let a2 = &w2.matmul(&a1) + &b2;
    let d2 = (&a2 - &y) * (2.0 / m);
    let slope = a1.map(|a| one - a * a);
    let d1 = &w2.t().matmul(&d2) * &slope;
    let right = [d1.matmul(&x.t()), d1.sum_columns(), d2.matmul(&a1.t()), d2.sum_columns()];
    let check = |yours: [Tensor; 4]| {
        let tape = tensor::Tape::new();
        let vars = [
            tape.var(w1.clone()),
            tape.var(b1.clone()),
            tape.var(w2.clone()),
            tape.var(b2.clone()),
        ];
        let [w1, b1, w2, b2] = vars;
        let (x, y) = (tape.constant(x.clone()), tape.constant(y.clone()));
        let a1 = (w1.matmul(x) + b1).tanh();
        let e = w2.matmul(a1) + b2 - y;
        let cost = (e * e).sum() / m;
        let mut own: Vec<_> = vars.into_iter().zip(yours).collect();
        own.iter_mut()
            .zip(["W1", "b1", "W2", "b2"])
            .for_each(|((var, _), name)| *var = var.named(name));
        check::derivation(cost, &own)
    };
    let report = check(right.clone());
    assert!(report.agrees() && report.explained.slips.is_empty(), "{report}");
    let flat = w2.t().matmul(&d2); // without 1 - a²
    let twice = &d1 * &slope;
    for (yours, says) in [
        (
            [flat.matmul(&x.t()), flat.sum_columns(), right[2].clone(), right[3].clone()],
            "the slope of tanh",
        ),
        (
            [twice.matmul(&x.t()), twice.sum_columns(), right[2].clone(), right[3].clone()],
            "applied twice",
        ),
        (right.clone().map(|g| &g * m), "was forgotten"),
        (right.clone().map(|g| &g / m), "taken twice"),
        (right.clone().map(|g| &g * -1.0), "the sign of"),
        (
            [right[0].clone(), right[1].clone(), &right[2] * 2.0, right[3].clone()],
            "was taken twice",
        ),
        ([right[0].clone(), d1.clone(), right[2].clone(), right[3].clone()], "not summed"),
        (
            [d1.matmul(&x.t()).t(), right[1].clone(), right[2].clone(), right[3].clone()],
            "transpose",
        ),
    ] {
        let report = check(yours);
        assert!(!report.agrees() && report.to_string().contains(says), "{says}: {report}");
    }
}

/// Layers of three nodes in a loop, y = tanh(W a + b): the derivatives of half the squared error by all
/// W and b by hand, where the slope of a layer is passed through `slope`.
fn layers(
    seed: u64,
    factor: f64,
    slope: impl Fn(usize, &Tensor) -> Tensor,
    forgotten: Option<usize>,
) -> Claim {
    let mut random = random(seed);
    let mut matrix =
        |n: usize, m: usize| Tensor::new(n, m, (0..n * m).map(|_| 2.0 * random() - 1.0).collect());
    let layers: Vec<[Tensor; 2]> = (0..3).map(|_| [matrix(3, 3), matrix(3, 1)]).collect();
    let (x, y) = (matrix(3, 3), matrix(3, 3));

    let tape = tensor::Tape::new();
    let vars: Vec<_> = layers.iter().map(|layer| layer.clone().map(|p| tape.var(p))).collect();
    let mut a = tape.constant(x.clone());
    for &[w, b] in &vars {
        a = (w.matmul(a) + b).tanh();
    }
    let error = a - tape.constant(y.clone());
    let cost = (error * error).sum() / 2.0;

    let mut activations = vec![x];
    for [w, b] in &layers {
        let a = (&w.matmul(activations.last().unwrap()) + b).map(f64::tanh);
        activations.push(a);
    }
    let mut da = (&activations[3] - &y) * factor;
    let mut yours = vec![];
    for k in (0..3).rev() {
        let dz = &da * &slope(k, &activations[k + 1].map(|a| 1.0 - a * a));
        let turned = if forgotten == Some(k) { activations[k].clone() } else { activations[k].t() };
        yours.push((vars[k][0], dz.matmul(&turned)));
        yours.push((vars[k][1], dz.sum_columns()));
        da = layers[k][0].t().matmul(&dz);
    }
    Claim::new(cost, &yours)
}

#[test]
fn layers_in_a_loop() {
    let right = |_: usize, slope: &Tensor| slope.clone();
    let flat = |slope: &Tensor| slope.map(|_| 1.0);
    let found = |claims: &[Claim]| check::slips(claims);
    assert_eq!(found(&[layers(1, 1.0, right, None)]).wrong, 0);
    // One slope of three at one place is left out, or all.
    for k in 0..3 {
        let one = |at: usize, slope: &Tensor| if at == k { flat(slope) } else { slope.clone() };
        let report = found(&[layers(1, 1.0, one, None)]).to_string();
        let which = ["first", "second", "third"][k];
        assert!(report.contains(&format!("the {which} `tanh` of 3 there")), "{report}");
        assert!(report.contains("the slope of tanh("), "{report}");
    }
    let all = |_: usize, slope: &Tensor| flat(slope);
    let report = found(&[layers(1, 1.0, all, None)]).to_string();
    assert!(report.contains("the slope of tanh(") && !report.contains(" of 3 there"), "{report}");
    // A square matrix that was not transposed fits, and is wrong.
    let report = found(&[layers(1, 1.0, right, Some(1))]).to_string();
    assert!(report.contains("the second `matmul` of 3 there\n"), "{report}");
    assert!(report.contains("a transpose was forgotten"), "{report}");
    // At two points; and two slips at once.
    let both = [layers(1, 1.0, all, None), layers(2, 1.0, all, None)];
    let explained = found(&both);
    assert_eq!((explained.wrong, explained.of, explained.slips[0].points), (2, 2, 2));
    let report = found(&[layers(1, 1.0, all, None), layers(2, 2.0, all, None)]).to_string();
    assert!(report.contains("no single rule explains it"), "{report}");
    let report = found(&[layers(1, 2.0, all, None)]).to_string();
    assert!(report.contains("2 slips explain it") && report.contains("tanh("), "{report}");
    let sign = |_: usize, slope: &Tensor| slope * -1.0;
    let report = found(&[layers(1, -1.0, right, None)]).to_string();
    assert!(report.contains("the sign of ") && report.contains("or the same at: "), "{report}");
    assert!(found(&[layers(1, 1.0, sign, None)]).to_string().contains("the sign of "));
}

/// Two products at one place of the code.
#[test]
fn which_of_two_at_one_place() {
    let tape = Tape::new();
    let [a, b, c] = [("a", 2.0), ("b", 3.0), ("c", 5.0)].map(|(k, x)| tape.var(x).named(k));
    let y = a * b * c;
    let report = check::derivation(y, &[(a, 3.0), (b, 2.0), (c, 6.0)]).to_string();
    let place = ", the second `mul` of 2 there\n   = the factor c was forgotten\n";
    assert!(report.contains(place) && report.contains("tests/suite/slips.rs:"), "{report}");
    let report = check::derivation(y, &[(a, 5.0), (b, 10.0), (c, 6.0)]).to_string();
    assert!(report.contains(", the first `mul` of 2 there\n   = the factor b was forgotten\n"));
}

/// A random formula of x and w: operations in postfix order, each with its operands.
struct Random {
    nodes: Vec<(&'static str, [usize; 2], f64)>,
}

const UNARY: [&str; 9] =
    ["neg", "sin", "cos", "exp", "tanh", "sigmoid", "softplus", "power", "atan"];

impl Random {
    fn new(random: &mut impl FnMut() -> f64, operations: usize) -> Random {
        let mut nodes = vec![("x", [0; 2], 0.0), ("w", [0; 2], 0.0)];
        while nodes.len() < operations + 2 {
            let count = nodes.len();
            // Mostly the newest, so that nearly all is used.
            let mut pick = |least: f64| {
                let back = if random() < least { 1.0 } else { 1.0 + random() * count as f64 };
                count - (back as usize).min(count)
            };
            let (a, b) = (pick(0.8), pick(0.2));
            let op = match (random() * 14.0) as usize {
                k @ 0..=8 => UNARY[k],
                9 => "+",
                10 => "-",
                11 => "/",
                _ => "*",
            };
            // Nothing grows beyond all bounds.
            let a = if op == "exp" {
                nodes.push(("sin", [a, 0], 0.0));
                nodes.len() - 1
            } else {
                a
            };
            let b = if op == "/" {
                nodes.push(("exp2", [b, 0], 0.0));
                nodes.len() - 1
            } else {
                b
            };
            nodes.push((op, [a, b], (2.0 + 3.0 * random()).floor()));
        }
        Random { nodes }
    }

    fn text(&self, node: usize) -> String {
        let (op, [a, b], c) = self.nodes[node];
        let name = |k: usize| ["x".into(), "w".into(), format!("n{k}")][k.min(2)].clone();
        let (a, b) = (name(a), name(b));
        match op {
            "x" | "w" => op.to_string(),
            "neg" => format!("-{a}"),
            "power" => format!("{a}^{c}"),
            "exp2" => format!("1.5 + sin({a})"),
            "+" | "-" | "*" | "/" => format!("{a} {op} {b}"),
            _ => format!("{op}({a})"),
        }
    }

    /// A line for each operation.
    fn lines(&self) -> String {
        let line = |k: usize| format!("n{k} = {}", self.text(k));
        (2..self.nodes.len()).map(line).collect::<Vec<_>>().join("; ")
    }

    /// The value, and the local derivatives, from the operands.
    fn rule(&self, node: usize, x: f64, y: f64) -> (f64, [f64; 2]) {
        let (op, _, c) = self.nodes[node];
        let s = 1.0 / (1.0 + (-x).exp());
        match op {
            "neg" => (-x, [-1.0, 0.0]),
            "sin" => (x.sin(), [x.cos(), 0.0]),
            "exp2" => (1.5 + x.sin(), [x.cos(), 0.0]),
            "cos" => (x.cos(), [-x.sin(), 0.0]),
            "exp" => (x.exp(), [x.exp(), 0.0]),
            "tanh" => (x.tanh(), [1.0 - x.tanh() * x.tanh(), 0.0]),
            "sigmoid" => (s, [s * (1.0 - s), 0.0]),
            "softplus" => (x.max(0.0) + (-x.abs()).exp().ln_1p(), [s, 0.0]),
            "atan" => (x.atan(), [1.0 / (1.0 + x * x), 0.0]),
            "power" => (x.powf(c), [c * x.powf(c - 1.0), 0.0]),
            "+" => (x + y, [1.0, 1.0]),
            "-" => (x - y, [1.0, -1.0]),
            "*" => (x * y, [y, x]),
            _ => (x / y, [1.0 / y, -x / (y * y)]),
        }
    }

    /// The derivatives with respect to x and w, with slips of these kinds at these nodes.
    fn gradient(&self, at: [f64; 2], slips: &[(usize, usize)]) -> [f64; 2] {
        let mut all: Vec<(f64, [f64; 2])> = vec![];
        for (k, &(op, [a, b], c)) in self.nodes.iter().enumerate() {
            if op == "x" || op == "w" {
                let slopes = if op == "x" { [1.0, 0.0] } else { [0.0, 1.0] };
                all.push((at[usize::from(op == "w")], slopes));
                continue;
            }
            let ((x, dx), (y, dy)) = (all[a], all[b]);
            let (z, [mut first, mut second]) = self.rule(k, x, y);
            let mut whole = None;
            if let Some(&(node, kind)) = slips.iter().find(|slip| slip.0 == k) {
                let local = if kind >= 20 { &mut second } else { &mut first };
                match kind % 20 {
                    0 => *local = 0.0,
                    1 => *local = 1.0,
                    2 => *local = -*local,
                    3 => *local *= 2.0,
                    4 => *local /= 2.0,
                    5 => *local *= *local,
                    6 => *local = z,
                    7 => *local = x,
                    8 => *local = self.rule(node, z, y).1[0],
                    9 => *local = c * z, // a power not lowered
                    10 => *local = x.powf(c - 1.0),
                    11 => whole = Some([dx[0] * dy[0], dx[1] * dy[1]]),
                    _ => *local *= y, // a denominator not squared
                }
            }
            let slope = |i: usize| first * dx[i] + if second != 0.0 { second * dy[i] } else { 0.0 };
            all.push((z, whole.unwrap_or([slope(0), slope(1)])));
        }
        all[all.len() - 1].1
    }

    fn kinds(&self, node: usize) -> Vec<usize> {
        match self.nodes[node].0 {
            "x" | "w" | "exp2" => vec![],
            "power" => vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            "+" | "-" => vec![0, 2, 20, 22],
            "*" => vec![0, 1, 2, 7, 11, 20, 21, 22, 23],
            "/" => vec![0, 1, 2, 20, 22, 32],
            "neg" => vec![1],
            _ => vec![0, 1, 2, 3, 4, 5, 6, 7, 8],
        }
    }
}

/// A random formula, and what is said of slips in it.
struct Case {
    tree: Random,
    formula: Formula,
    points: Vec<Vec<f64>>,
}

impl Case {
    fn new(random: &mut impl FnMut() -> f64) -> Case {
        let count = 4 + (5.0 * random()) as usize;
        Case::of(count, random)
    }

    /// Of so many operations.
    fn of(count: usize, random: &mut impl FnMut() -> f64) -> Case {
        loop {
            let tree = Random::new(random, count);
            let formula = Formula::parse(&tree.lines()).unwrap();
            if !formula.names().is_empty() {
                return Case { tree, formula, points: points(2, random) };
            }
        }
    }

    /// The point in the order of the formula's names, and the derivatives there.
    fn yours(&self, at: &[f64], slips: &[(usize, usize)]) -> (Vec<f64>, Vec<(usize, f64)>) {
        let own = self.tree.gradient([at[0], at[1]], slips);
        let of = self.formula.names().into_iter().map(|name| usize::from(name == "w"));
        let of: Vec<usize> = of.collect();
        let yours = of.iter().map(|&k| own[k]).enumerate().collect();
        (of.iter().map(|&k| at[k]).collect(), yours)
    }

    fn judge(&self, slips: &[(usize, usize)]) -> check::Explained {
        let claim = |at: &Vec<f64>| {
            let (at, yours) = self.yours(at, slips);
            let tape = Tape::new();
            let names = self.formula.names();
            let vars = names.iter().zip(at).map(|(name, x)| tape.var(x).named(name.to_string()));
            let vars: Vec<Var> = vars.collect();
            let own: Vec<(Var, f64)> = yours.iter().map(|(i, own)| (vars[*i], *own)).collect();
            Claim::new(self.formula.record(&vars).unwrap(), &own)
        };
        check::slips(&self.points.iter().map(claim).collect::<Vec<_>>())
    }

    /// A slip at a random node.
    fn slip(&self, random: &mut impl FnMut() -> f64) -> Option<(usize, usize)> {
        let node = 2 + (random() * (self.tree.nodes.len() - 2) as f64) as usize;
        let kinds = self.tree.kinds(node);
        (!kinds.is_empty()).then(|| (node, kinds[(random() * kinds.len() as f64) as usize]))
    }

    fn names(&self, slip: &Slip, (node, _): (usize, usize)) -> bool {
        let site = self.tree.text(node);
        [&slip.place].into_iter().chain(&slip.also).any(|at| place(at) == site)
    }
}

/// A list with few digits is no slip.
#[test]
fn few_digits_are_told() {
    let report =
        |own: [f64; 2]| check::gradient!(|p| (p[0] * 2.0 + p[1]).sigmoid(), &[0.5, 1.0], &own);
    let text = report([0.21, 0.105]).to_string();
    assert!(text.contains("yours is right in its first 4 digits"), "{text}");
    assert!(!report([0.42, 0.21]).to_string().contains("digits\n"));
}

/// Right derivatives of random formulas are not accused; single slips in them are named, with their
/// place, and with a "try:" that makes all right.
#[test]
fn random_formulas() {
    let mut random = random(11);
    let mut kinds: std::collections::BTreeMap<usize, [usize; 3]> = Default::default();
    let [mut wrong, mut tried] = [0; 2];
    for _ in 0..samples(150, 3_000) {
        let case = Case::new(&mut random);
        let none = case.judge(&[]);
        assert_eq!(none.wrong, 0, "{}: accused\n{none}", case.tree.lines());
        let Some(slip) = case.slip(&mut random) else { continue };
        let found = case.judge(&[slip]);
        if found.wrong == 0 {
            continue; // the same derivative
        }
        let (at, yours) = case.yours(&case.points[0], &[slip]);
        let good = |found: &&Slip| {
            let mended = mended(found, &case.formula, &yours, &at);
            tried += usize::from(mended.is_some());
            assert_ne!(mended, Some(false), "{}: {slip:?}\n{found}", case.tree.lines());
            case.names(found, slip)
        };
        let good = found.slips.iter().take(3).filter(good).count() > 0;
        let [seen, right, silent] = kinds.entry(slip.1).or_default();
        *seen += 1;
        *right += usize::from(good);
        *silent += usize::from(found.slips.is_empty());
        if !good {
            println!("{}: {slip:?} at {}\n{found}\n", case.tree.lines(), case.tree.text(slip.0));
            wrong += usize::from(!found.slips.is_empty());
        }
    }
    println!("kind: seen, named, silent: {kinds:?}; named wrongly {wrong}; tried {tried}");
    let seen: usize = kinds.values().map(|kind| kind[0]).sum();
    for (kind, [seen, right, _]) in kinds {
        assert!(100 * right >= 98 * seen, "kind {kind}: {right} of {seen}");
    }
    assert!(100 * wrong <= seen && 10 * tried >= 9 * seen, "{wrong}, {tried} of {seen}");
}

/// Two slips at once are seldom taken for a single other one.
#[test]
fn two_slips() {
    let mut random = random(12);
    let [mut seen, mut both, mut one, mut other] = [0; 4];
    for _ in 0..samples(60, 2_000) {
        let mut case = Case::new(&mut random);
        let (Some(x), Some(y)) = (case.slip(&mut random), case.slip(&mut random)) else { continue };
        let [alone, there, pair] = [&[x][..], &[y], &[x, y]].map(|slips| case.judge(slips));
        if x.0 == y.0 || [&alone, &there, &pair].iter().any(|found| found.wrong == 0) {
            continue;
        }
        seen += 1;
        let Some(first) = pair.slips.first() else { continue };
        if let Some(second) = &first.with {
            let named = |slip| case.names(first, slip) || case.names(second, slip);
            both += usize::from(named(x) && named(y));
        } else if case.names(first, x) || case.names(first, y) {
            one += 1;
        } else {
            // Two slips that equal a third everywhere are that one.
            case.points = points(2, &mut random);
            let again = case.judge(&[x, y]).slips;
            let same = again.iter().any(|slip| slip.with.is_none() && slip.what == first.what);
            other += usize::from(!same);
        }
    }
    println!("seen {seen}: both named {both}, one named {one}, another named {other}");
    assert!(20 * other <= seen, "{other} of {seen}");
}

/// 40 operations at 13 points: less than 50 ms for one slip, and less than 1 s where pairs are tried
/// (that is to say, when it is optimised).
#[test]
fn forty_operations() {
    let (count, allowed) = if cfg!(debug_assertions) { (12, 10.0) } else { (40, 1.0) };
    let mut random = random(13);
    let mut times = [f64::INFINITY; 2];
    for _ in 0..5 {
        let case = Case::of(count, &mut random);
        let (Some(x), Some(y)) = (case.slip(&mut random), case.slip(&mut random)) else { continue };
        for (slips, time) in [&[x][..], &[x, y]].into_iter().zip(&mut times) {
            let start = std::time::Instant::now();
            if case.judge(slips).wrong > 0 {
                *time = start.elapsed().as_secs_f64().min(*time);
            }
        }
    }
    println!("{count} operations: {times:?} s");
    assert!(times[0] < 0.05 * allowed && times[1] < allowed, "{times:?}");
}
