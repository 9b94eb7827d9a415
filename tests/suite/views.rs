//! The trace and its pictures: complete, well-formed, and text stays text.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::common::{Json, config, golden};
use chainrule::activation::Sigmoid;
use chainrule::data::Examples;
use chainrule::network::{Network, cross_entropy};
use chainrule::scalar::{self, Tape};
use chainrule::tensor::{self, Local, Tensor};
use chainrule::trace::{Contribution, Frame, Operand, Trace};
use chainrule::view;
use chainrule::view::plot::{self, Plot};
use proptest::prelude::*;

/// z = w x − w/2, L = z²: exact in every digit, with w and z used twice. It stands first, because
/// its lines are part of the expected texts.
fn exact() -> Trace {
    let tape = Tape::new();
    let w = tape.var(1.5).named("w");
    let x = tape.constant(2.0).named("x");
    let z = (w * x - 0.5 * w).named("z");
    (z * z).named("L").trace()
}

/// The post's cost for an example that is right beyond doubt: 0 times ln 0.
fn posted() -> Trace {
    let tape = Tape::new();
    let a = tape.var(40.0).named("z").sigmoid().named("a");
    let y = 1.0;
    (-(y * a.ln() + (1.0 - y) * (1.0 - a).ln())).trace()
}

/// Logistic regression on three examples: the network of one node, on a tape of matrices.
fn batch() -> Trace {
    let mut network = Network::new(2).layer(1, Sigmoid);
    network.layers[0].weights = Tensor::new(2, 1, vec![1.0, 2.0]);
    network.layers[0].bias = 1.5.into();
    let tape = tensor::Tape::new();
    let x = tape.constant(Tensor::from_rows(&[[1.0, -2.0, -1.0], [3.0, 0.5, -3.2]])).named("X");
    let parameters = network.parameters(&tape);
    let y = Tensor::new(1, 3, vec![1.0, 1.0, 0.0]);
    cross_entropy(network.forward(&parameters, x), &y).mean().named("cost").trace()
}

/// A picture without its style sheet.
fn plain(svg: &str) -> String {
    let (before, rest) = svg.split_once("<style>").unwrap();
    before.to_string() + rest.split_once("</style>\n").unwrap().1
}

#[test]
fn each_view_of_a_fixed_trace() {
    let trace = exact();
    golden("views/exact.txt", &view::table(&trace));
    golden("views/exact.json", &view::json(&trace));
    golden("views/exact.dot", &view::dot(&trace));
    golden("views/exact.svg", &plain(&view::svg(&trace)));
    golden("views/batch.txt", &view::table(&batch()));
    golden("views/batch.dot", &view::dot(&batch()));
}

#[test]
fn each_plot_of_fixed_curves() {
    let parabola = (-8..=8).map(|k| f64::from(k) / 4.0).map(|x| (x, x * x));
    let line = [(-2.0, 1.0), (0.0, f64::NAN), (1.0, 2.0), (2.0, 3.0)];
    let one = Plot::new("A parabola", "x", "y").curve("x²", parabola);
    let two = one.clone().curve("a line with a gap", line);
    golden("views/one.braille", &one.braille());
    golden("views/two.braille", &two.braille());
    golden("views/two.ascii", &two.ascii());
    golden("views/two.svg", &plain(&two.svg()));
}

/// A random computation: each step is an operation and two older nodes.
type Program = Vec<(u8, usize, usize)>;

fn program() -> impl Strategy<Value = Program> {
    proptest::collection::vec((0..9_u8, 0..1000_usize, 0..1000_usize), 1..40)
}

/// Runs `program` on numbers and hands the output to `look`.
fn on_numbers(program: &Program, look: impl FnOnce(scalar::Var<'_>, &[scalar::Var<'_>])) {
    let tape = Tape::new();
    let mut nodes = vec![tape.var(0.8).named("u"), tape.var(-1.3), tape.constant(0.6).named("c")];
    for &(operation, i, j) in program {
        let (x, y) = (nodes[i % nodes.len()], nodes[j % nodes.len()]);
        nodes.push(match operation {
            0 => x + y,
            1 => x - y,
            2 => x * y,
            3 => x / y,
            4 => 0.5 - x,
            5 => x.sigmoid(),
            6 => x.ln(), // NaN, now and then
            7 => tape.sum(&nodes),
            _ => x.tanh().named("</script><b>"),
        });
    }
    look(nodes[nodes.len() - 1], &nodes);
}

/// The same on matrices of (2, 3), with broadcasting and products; the output is their sum.
fn on_matrices(program: &Program, look: impl FnOnce(tensor::Var<'_>, &[tensor::Var<'_>])) {
    let tape = tensor::Tape::new();
    let matrix = |first: f64| Tensor::new(2, 3, (0..6).map(|k| first - 0.3 * k as f64).collect());
    let row = tape.var(Tensor::new(1, 3, vec![1.0, -1.0, 2.0])).named("row");
    let mut nodes = vec![tape.var(matrix(0.9)), tape.var(matrix(1.1)), tape.constant(matrix(2.0))];
    for &(operation, i, j) in program {
        let (x, y) = (nodes[i % nodes.len()], nodes[j % nodes.len()]);
        nodes.push(match operation {
            0 => x + y,
            1 => x - row,
            2 => x * y,
            3 => x.matmul(y.t()).matmul(x).tanh(),
            4 => 0.5 - x,
            5 => x.sigmoid(),
            6 => x.sum_columns() * y,
            7 => y / (1.0 + x * x).mean(),
            _ => x.tanh(),
        });
    }
    let output = nodes[nodes.len() - 1].sum();
    nodes.push(output);
    look(output, &nodes);
}

fn same_bits(x: &Tensor, y: &Tensor) -> bool {
    let same = |(x, y): (f64, f64)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan();
    x.shape() == y.shape() && x.to_vec().into_iter().zip(y.to_vec()).all(same)
}

/// What must hold for every trace, given the gradients that `backward()` returned.
fn check_trace(trace: &Trace, gradients: &[(usize, Tensor)]) {
    // Forward through what is used, oldest first; the seed; then backward.
    let used: Vec<usize> = (0..trace.nodes.len()).filter(|&k| trace.nodes[k].used).collect();
    for (frame, &k) in trace.frames.iter().zip(&used) {
        assert!(matches!(frame, Frame::Forward(node) if *node == k), "{frame:?} for {k}");
    }
    let output = trace.nodes.len() - 1;
    assert!(matches!(trace.frames[used.len()], Frame::Seed(k) if k == output));
    let rest = &trace.frames[used.len() + 1..];
    assert!(rest.iter().all(|frame| matches!(frame, Frame::Backward(_))));

    let mut sums: BTreeMap<usize, Tensor> = BTreeMap::from([(output, 1.0.into())]);
    let mut counts = BTreeMap::new();
    let mut last = (usize::MAX, usize::MAX); // newest node first, first operand first
    for step in trace.steps() {
        let Contribution { node, operand, input, .. } = *step;
        assert_eq!(trace.nodes[node].operands[operand], Operand::Node(input));
        assert!(node < last.0 || node == last.0 && operand > last.1);
        last = (node, operand);
        assert!(same_bits(&step.upstream, &sums[&node]));
        assert!(same_bits(&step.product, &step.local.carry_back(&step.upstream)));
        assert_eq!(step.before.is_some(), sums.contains_key(&input));
        let sum = match sums.get(&input) {
            Some(before) => before + &step.product,
            None => step.product.clone(),
        };
        assert!(same_bits(&step.after, &sum));
        sums.insert(input, sum);
        let count = counts.entry(input).or_insert(0);
        *count += 1;
        assert_eq!(step.nth, *count);
    }
    assert!(trace.steps().all(|step| step.count == counts[&step.input]));
    let at_end = trace.gradients(trace.frames.len());
    for (k, gradient) in gradients {
        match sums.get(k) {
            Some(sum) => assert!(same_bits(sum, gradient), "node {k}"),
            None => assert!(gradient.to_vec().iter().all(|g| *g == 0.0), "node {k}"),
        }
        assert!(at_end[*k].iter().all(|sum| same_bits(sum, gradient)));
        assert_eq!(at_end[*k].is_some(), sums.contains_key(k));
    }
}

/// What must hold for every picture of a trace.
fn check_views(trace: &Trace) {
    let table = view::table(trace);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    for k in 0..trace.nodes.len() {
        let row = format!("{k} ");
        assert!(table.lines().any(|line| line.trim_start().starts_with(&row)), "{k} in {table}");
    }

    let json = view::json(trace);
    assert!(!json.contains('<'));
    let json = Json::parse(&json);
    assert_eq!(json.get("nodes").list().len(), trace.nodes.len());
    assert_eq!(json.get("frames").list().len(), trace.frames.len());
    for (read, node) in json.get("nodes").list().iter().zip(&trace.nodes) {
        assert_eq!(
            (read.get("name").text(), read.get("op").text()),
            (&*node.name, node.operation.name)
        );
        let (rows, columns) = node.value.shape();
        assert_eq!(read.get("shape").numbers(), [rows as f64, columns as f64]);
        let value = Tensor::new(rows, columns, read.get("value").numbers());
        assert!(same_bits(&value, &node.value), "{value:?} {:?}", node.value);
    }
    let steps = json.get("frames").list().iter().filter(|f| f.get("kind").text() == "backward");
    for (read, step) in steps.zip(trace.steps()) {
        let (rows, columns) = step.after.shape();
        let after = Tensor::new(rows, columns, read.get("after").numbers());
        assert!(same_bits(&after, &step.after));
    }

    let used: Vec<usize> = (0..trace.nodes.len()).filter(|&k| trace.nodes[k].used).collect();
    let inputs = |k: &usize| {
        trace.nodes[*k].operands.iter().filter(|x| matches!(x, Operand::Node(_))).count()
    };
    let edges: usize = used.iter().map(inputs).sum();
    let (dot_nodes, dot_edges) = read_dot(&view::dot(trace));
    assert_eq!((dot_nodes.len(), dot_edges), (used.len(), edges));

    let elements = read_xml(&view::svg(trace));
    let drawn: Vec<&Element> = elements.iter().filter(|e| e.has("data-node")).collect();
    let drawn_numbers: Vec<usize> = drawn.iter().map(|e| e.number("data-node") as usize).collect();
    assert_eq!(drawn_numbers, used);
    let lines = elements.iter().filter(|e| e.has("data-edge") && e.children.contains(&"path"));
    assert_eq!(lines.count(), edges);
    check_boxes(&elements);
}

/// No box overlaps another; no label lies on a box, an arrow head or another label; every text fits
/// into its box, and all into the picture.
fn check_boxes(elements: &[Element]) {
    let of = |name: &str, class: &str| -> Vec<&Element> {
        let wanted = |e: &&Element| e.name == name && e.get("class").split(' ').any(|c| c == class);
        elements.iter().filter(wanted).collect()
    };
    let boxes: Vec<[f64; 4]> = (of("rect", "box").iter())
        .map(|e| {
            let [x, y, width, height] = ["x", "y", "width", "height"].map(|name| e.number(name));
            [x, y, x + width, y + height]
        })
        .collect();
    // Letters are at most 0.61 em wide, and an em is 14 pixels here.
    let width = |text: &str| text.chars().count() as f64 * 0.61 * 14.0;
    let labels: Vec<[f64; 4]> = (of("text", "local").iter())
        .map(|e| {
            let (x, y, half) = (e.number("x"), e.number("y"), width(&e.text) / 2.0);
            [x - half, y - 11.0, x + half, y + 3.0]
        })
        .collect();
    // M, the tip, l, to one corner, v, to the other.
    let head = |e: &&Element| {
        let numbers = e.get("d").split(|c: char| c.is_alphabetic() || c == ' ');
        let numbers: Vec<f64> = numbers.filter_map(|number| number.parse().ok()).collect();
        let [x, y, along, up, _] = numbers[..] else { panic!("{e:?}") };
        [x.min(x + along), y + up, x.max(x + along), y - up]
    };
    let heads: Vec<[f64; 4]> =
        of("path", "fore").iter().chain(&of("path", "back")).map(head).collect();
    let apart = |a: &[f64; 4], b: &[f64; 4]| {
        // Places are rounded to tenths.
        let beside = a[2] <= b[0] + 0.1 || b[2] <= a[0] + 0.1;
        assert!(beside || a[3] <= b[1] + 0.1 || b[3] <= a[1] + 0.1, "{a:?} {b:?}");
    };
    for (k, a) in boxes.iter().enumerate() {
        boxes[..k].iter().for_each(|b| apart(a, b));
    }
    for (k, a) in labels.iter().enumerate() {
        labels[..k].iter().chain(&boxes).chain(&heads).for_each(|b| apart(a, b));
    }
    let page = &elements[0];
    for a in boxes.iter().chain(&labels).chain(&heads) {
        let inside = a[0] >= 0.0 && a[1] >= 0.0;
        assert!(inside && a[2] <= page.number("width") && a[3] <= page.number("height"), "{a:?}");
    }
    let mut texts = elements.iter().filter(|e| e.name == "text" || e.name == "tspan").peekable();
    while let Some(text) = texts.next() {
        if ["local", "quiet"].contains(&text.get("class")) {
            continue;
        }
        let mut wide = width(&text.text);
        while let Some(part) = texts.next_if(|e| e.name == "tspan") {
            wide += width(&part.text);
        }
        let (x, y) = (text.number("x"), text.number("y"));
        let inside = |b: &&[f64; 4]| b[0] < x && x < b[2] && b[1] < y && y < b[3];
        let home = boxes.iter().find(inside).expect("a text in a box");
        assert!(x - wide / 2.0 >= home[0] && x + wide / 2.0 <= home[2], "{text:?}");
    }
}

/// The picture alone, and the narrower one of the page.
fn pictures(trace: &Trace) -> [String; 2] {
    let page = view::html(trace, "");
    let from = page.find("<svg xmlns").expect("a picture");
    let length = page[from..].find("</svg>").expect("its end") + "</svg>".len();
    [view::svg(trace), page[from..][..length].to_string()]
}

proptest! {
    #![proptest_config(config(50, 500))]

    #[test]
    fn nothing_in_a_picture_lies_on_anything(program in program()) {
        on_numbers(&program, |output, _| {
            pictures(&output.trace()).iter().for_each(|picture| check_boxes(&read_xml(picture)));
        });
        on_matrices(&program, |output, _| {
            pictures(&output.trace()).iter().for_each(|picture| check_boxes(&read_xml(picture)));
        });
    }
}

proptest! {
    #![proptest_config(config(16, 128))]

    #[test]
    fn products_add_up_to_the_gradients(program in program()) {
        on_numbers(&program, |output, nodes| {
            let gradients = output.backward();
            let gradient = |x: &scalar::Var| (x.index(), gradients.wrt(*x).into());
            check_trace(&output.trace(), &nodes.iter().map(gradient).collect::<Vec<_>>());
        });
        on_matrices(&program, |output, nodes| {
            let gradients = output.backward();
            let gradient = |x: &tensor::Var| (x.index(), gradients.wrt(*x));
            check_trace(&output.trace(), &nodes.iter().map(gradient).collect::<Vec<_>>());
        });
    }

    #[test]
    fn views_are_well_formed(program in program()) {
        on_numbers(&program, |output, _| check_views(&output.trace()));
        on_matrices(&program, |output, _| check_views(&output.trace()));
    }

    #[test]
    fn the_first_non_finite_number_is_the_first(program in program()) {
        on_numbers(&program, |output, nodes| {
            let trace = output.trace();
            let error = trace.first_non_finite();
            let mut used = nodes.iter().filter(|x| trace.nodes[x.index()].used);
            let first = used.find(|x| !x.value().is_finite());
            match (first, error) {
                (Some(x), error) => {
                    let what = error.expect("an error").what;
                    assert!(what.starts_with(&trace.label(x.index())), "{what}");
                }
                (None, Some(error)) => assert!(error.what.starts_with("the gradient of ")),
                (None, None) => {
                    let gradients = output.backward();
                    assert!(nodes.iter().all(|x| gradients.wrt(*x).is_finite()));
                }
            }
        });
    }

    /// Ticks are round, evenly spaced, tell each other apart, and lie around the data.
    #[test]
    fn ticks_are_round(middle in -1e4..1e4_f64, exponent in -12..12_i32, span in 0.1..1.0_f64) {
        let span = span * 10f64.powi(exponent);
        prop_assume!(span > 1e-8 * middle.abs());
        let (low, high) = (middle - span, middle + span);
        let picture = Plot::new("", "x", "y").curve("", [(0.0, low), (1.0, high)]).svg();
        let ticks: Vec<f64> = read_xml(&picture).iter()
            .filter(|e| e.get("text-anchor") == "end" && e.get("class") != "quiet")
            .map(|e| e.text.parse().unwrap()).collect();
        prop_assert!((4..=8).contains(&ticks.len()), "{ticks:?}");
        let step = (ticks[ticks.len() - 1] - ticks[0]) / (ticks.len() - 1) as f64;
        let digits = step / 10f64.powf((step * 1.000001).log10().floor());
        prop_assert!([1.0, 2.0, 5.0].iter().any(|d| (d - digits).abs() < 1e-3), "{ticks:?}");
        for pair in ticks.windows(2) {
            prop_assert!((pair[1] - pair[0] - step).abs() < 1e-3 * step, "{ticks:?}");
        }
        let room = 1e-9 * middle.abs();
        prop_assert!(ticks[0] <= low + room && ticks[ticks.len() - 1] >= high - room, "{ticks:?}");
        prop_assert!(ticks[1] > low && ticks[ticks.len() - 2] < high, "{ticks:?}");
    }
}

#[test]
fn names_stay_text_everywhere() {
    let names = [
        "</script><b>",
        "\"]; x",
        "a\\",
        "&lt;",
        "]]>",
        "--",
        "tab\tnew\nline",
        "ä→日本",
        "\u{1b}[31m",
    ];
    for name in names {
        let shown = name.replace(char::is_control, " ");
        let tape = Tape::new();
        let x = tape.var(1.0).named(name);
        let trace = (x * x).named(name).trace();
        check_views(&trace);

        let json = view::json(&trace);
        assert_eq!(Json::parse(&json).get("nodes").list()[0].get("name").text(), shown);
        let svg = read_xml(&view::svg(&trace));
        assert!(svg.iter().any(|e| e.name == "tspan" && e.text == shown), "{name}");
        assert!(!svg.iter().any(|e| ["script", "b"].contains(&&*e.name)));
        let (nodes, _) = read_dot(&view::dot(&trace));
        assert!(nodes[&0].starts_with(&format!("{shown} = 1\n")), "{nodes:?}");
        for text in [view::table(&trace), view::dot(&trace), json, view::svg(&trace)] {
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text}");
        }

        let plot = Plot::new(name, name, name).curve(name, [(0.0, 1.0), (1.0, 2.0)]);
        let svg = read_xml(&plot.svg());
        assert!(svg.iter().any(|e| e.name == "text" && e.text == shown), "{name}");
        assert!(!plot.braille().contains('\u{1b}') && plot.ascii().is_ascii());
    }
}

#[test]
fn what_the_output_does_not_use_is_said_and_not_drawn() {
    let tape = Tape::new();
    let x = tape.var(3.0).named("x");
    let unused = (x * 5.0).named("unused");
    let trace = (x + 1.0).trace();
    assert!(!trace.nodes[unused.index()].used && trace.frames.len() == 4);
    assert!(view::table(&trace).contains("not used"));
    check_views(&tape.constant(2.0).trace()); // one node alone
    assert!(!view::svg(&trace).contains("unused") && !view::dot(&trace).contains("unused"));
}

#[test]
fn a_step_shows_the_formula_of_its_slope() {
    let tape = Tape::new();
    let [x, y] = ["x", "y"].map(|name| tape.var(2.0).named(name));
    let slopes = |z: scalar::Var| -> Vec<String> {
        let trace = z.named("z").trace();
        trace.steps().map(|step| trace.slope(step).unwrap_or("none".to_string())).collect()
    };
    assert_eq!(slopes(x + y), ["1", "1"]);
    assert_eq!(slopes(x - y), ["1", "-1"]);
    assert_eq!(slopes(x * y), ["y", "x"]);
    assert_eq!(slopes(x / y), ["1 / y", "-z / y"]);
    assert_eq!(slopes(3.0 * x), ["3"]);
    assert_eq!(slopes(3.0 - x), ["-1"]);
    assert_eq!(slopes(3.0 / x), ["-z / x"]);
    assert_eq!(slopes(-x), ["-1"]);
    assert_eq!(slopes(y.sigmoid()), ["z (1 - z)"]);
    assert_eq!(slopes(y.powf(3.0)), ["3 y^(3 - 1)"]);
    assert_eq!(slopes(y.softplus()), ["sigmoid(y)"]);
    assert_eq!(slopes(tape.record("mine", 1.0, [(x, 2.0)])), ["none"]);
    assert_eq!(tape.sum([x; 3]).trace().nodes.len(), tape.len());
    assert_eq!(
        tape.sum([x, y, x, y, x, y, x]).trace().formula(tape.len() - 1),
        "sum(x, y, ..., x)"
    );
}

/// Each case: the whole message, and that its hint fixes it.
#[test]
fn where_a_nan_came_from() {
    let tape = Tape::new();
    let [x, y, zero] = [("x", -2.0), ("y", 3.0), ("zero", 0.0)].map(|(n, v)| tape.var(v).named(n));
    let error = |z: scalar::Var| z.trace().first_non_finite();
    let what = |z: scalar::Var| error(z).map(|error| error.what).unwrap_or_default();

    golden("views/nan.txt", &format!("{}\n", posted().first_non_finite().unwrap()));
    let (z, label) = (tape.var(40.0), 1.0);
    assert_eq!(error((z * (1.0 - 2.0 * label)).softplus()), None);

    assert_eq!(what(zero.ln().named("l")), "l = ln(zero) is -inf");
    assert_eq!(error((zero + 1e-12).ln()), None);
    assert_eq!(what((x * y).named("p").ln().named("l") * 0.0), "l = ln(p) is NaN");
    assert_eq!(error((x * y).abs().ln()), None);
    assert!(error(x.ln()).unwrap().why.contains("not defined"));
    assert!(error(x.powf(0.5)).unwrap().why.contains("not defined"));
    assert!(error(y / zero).unwrap().why.contains("0/0"));
    assert_eq!(error(y / (zero + 1e-12)), None);
    assert!(error((y * 300.0).exp()).unwrap().why.contains("709.8"));
    assert!(error(y * 1e308 * 10.0).unwrap().why.contains("1.8e308"));
    assert!(error(tape.var(f64::NAN)).unwrap().why.contains("from outside"));
    assert!(error(zero * f64::INFINITY).unwrap().why.contains("from outside"));
    let infinite = (y * 1e308 * 10.0).named("big");
    let facts = error(infinite - infinite).unwrap().facts;
    assert!(facts.last().unwrap().ends_with("is NaN: inf - inf has no value"), "{facts:?}");

    // Finite values, and a gradient that is not.
    let root = error(zero.sqrt()).unwrap();
    assert_eq!(
        root.what,
        format!("the gradient of zero is inf, carried back by #{}", tape.len() - 1)
    );
    assert!(root.facts.iter().any(|fact| fact.contains("1 / (2 #")), "{root}");
    assert!(error(zero.sqrt() * 0.0).unwrap().why.contains("0 x inf"));
    assert_eq!(error((zero + 1e-12).sqrt()), None);
    let (big, small) = (tape.var(1e200), tape.var(1e-200));
    assert!(error(big * small * 1e200 * 1e-100 * 1e300).unwrap().what.contains("is inf"));

    // The entry of a matrix.
    let tape = tensor::Tape::new();
    let m = tape.var(Tensor::from_rows(&[[1.0, 2.0], [3.0, 0.0]])).named("M");
    let error = m.ln().sum().trace().first_non_finite().unwrap();
    assert_eq!(error.what, "#1 = ln(M) is -inf in row 1, column 1 of (2, 2)");
    assert_eq!(error.facts[0], "M is 0");
    assert_eq!(error.place.unwrap().file, file!());
    assert_eq!(batch().first_non_finite(), None);
    // An operation whose inputs have other shapes than its output.
    let tall = tape.var(Tensor::zeros(3, 1));
    let local = Local::custom(|_| Tensor::filled(3, 1, f64::INFINITY));
    let odd = tape.record(
        "odd",
        Tensor::zeros(1, 3),
        [(m, Local::custom(|_| Tensor::zeros(2, 2))), (tall, local)],
    );
    let what = odd.sum().trace().first_non_finite().unwrap().what;
    assert!(what.contains("is inf in row 0, column 0 of (3, 1)"), "{what}");
}

#[test]
fn ten_thousand_nodes_are_quick() {
    let tape = Tape::new();
    let x = tape.var(0.999).named("x");
    let mut y = x;
    for _ in 0..4999 {
        y = y * x + 0.1;
    }
    let vars: Vec<_> = (0..10_000).map(|k| tape.var(f64::from(k))).collect();
    let wide = tape.sum(&vars);
    // A debug build on a busy machine may take ten times as long.
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
    let distinct = || (0..300).map(|k| tape.var(1.0).named(format!("v{k}")));
    let row = view::svg(&tape.sum(distinct()).trace()); // they differ by their names alone
    assert!(row.contains(">var, 1 of 300<"), "{row}");
    for (output, boxes) in [(y, 3), (wide, 2)] {
        let start = Instant::now();
        let trace = output.trace();
        assert!(trace.nodes.len() >= 9_999);
        view::table(&trace);
        view::json(&trace);
        assert!(start.elapsed() < limit, "{:?}", start.elapsed());
        let picture = view::svg(&trace);
        assert!(picture.contains(" 1 of 20: the first of 20 nodes that one line computed."));
        assert_eq!(picture.matches("<g data-node=").count(), boxes);
        read_xml(&picture);
    }
}

#[test]
fn plots_of_anything() {
    type Case = (&'static str, &'static [(f64, f64)], &'static str);
    let curves: [Case; 9] = [
        ("nothing", &[], "There is nothing to draw."),
        ("one", &[(3.0, 0.7)], ""),
        ("constant", &[(0.0, 0.7), (1.0, 0.7)], ""),
        ("zeros", &[(0.0, 0.0), (0.0, 0.0)], ""),
        ("NaN", &[(0.0, 1.0), (1.0, f64::NAN), (2.0, 0.5)], "1 of 3 points are NaN"),
        ("all NaN", &[(0.0, f64::NAN), (f64::NAN, 1.0)], "2 of 2 points are NaN"),
        ("infinite", &[(0.0, f64::INFINITY), (1.0, 2.0), (2.0, f64::MAX)], "2 of 3 points"),
        ("huge", &[(-1e300, -1e300), (1e300, 1e300)], ""),
        ("tiny", &[(0.0, 1e-300), (1e-320, 3e-300)], ""),
    ];
    for (name, points, note) in curves {
        for plot in [
            Plot::new(name, "x", "y").curve(name, points.iter().copied()),
            Plot::new(name, "x", "y")
                .curve("other", [(0.0, 1.0)])
                .curve(name, points.iter().copied()),
        ] {
            let alone = plot.svg().matches("<g class").count() == 1;
            for text in [plot.braille(), plot.ascii()] {
                assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
                assert!(!alone || text.contains(note), "{name}: {text}");
            }
            assert!(plot.ascii().is_ascii());
            let svg = plot.svg();
            let elements = read_xml(&svg);
            for element in elements.iter().filter(|e| e.name != "svg") {
                let places = ["d", "x", "y", "cx", "cy"].map(|name| element.get(name));
                assert!(!places.iter().any(|p| p.contains("NaN") || p.contains("inf")), "{svg}");
            }
            assert!(elements.iter().filter(|e| e.name == "text").all(|e| !e.text.is_empty()));
        }
    }
    // A gap is a gap: two pieces, not joined.
    let gap = Plot::new("", "x", "y")
        .curve("", [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 2.0)]);
    let elements = read_xml(&gap.svg());
    let path = elements.iter().find(|e| e.get("stroke-width") == "2").unwrap().get("d");
    assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 2));
}

#[test]
fn bars_are_as_long_as_their_numbers() {
    let numbers = [("a", -0.5), ("<b>", 2.0), ("c", 1.0), ("d", f64::NAN), ("e", f64::INFINITY)];
    let picture = read_xml(&plot::bars("Weights", numbers));
    let lengths: Vec<f64> = picture
        .iter()
        .filter(|e| e.get("class") == "fill")
        .map(|e| e.get("d").split(['h', 'v']).nth(1).unwrap().parse().unwrap())
        .collect();
    let [none, infinite, b, c, a] = lengths[..] else { panic!("{lengths:?}") };
    assert_eq!((none, infinite), (0.0, 0.0));
    assert!(b > 100.0 && (b - 2.0 * c).abs() < 0.2 && (c + 2.0 * a).abs() < 0.3, "{lengths:?}");
    assert!(picture.iter().any(|e| e.text == "<b>") && picture.iter().any(|e| e.text == "NaN"));
    read_xml(&plot::bars("Nothing", []));
}

/// Not even an area between them is filled.
#[test]
fn no_line_joins_points() {
    let drawn = |plot: Plot| read_xml(&plot.svg()).iter().any(|e| e.get("d").contains('L'));
    let triangle = [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0)];
    assert!(drawn(Plot::new("", "x", "y").curve("", triangle)));
    assert!(!drawn(Plot::new("", "x", "y").points("", triangle)));
}

#[test]
fn a_guide_is_drawn_as_far_as_the_axes_reach() {
    let plot = Plot::new("", "x", "y").points("", [(0.0, 0.0), (1.0, 1.0)]);
    let guided = plot.clone().guide("far", (0..=90).map(|k| (0.5, 0.1 * f64::from(k))));
    let [without, with] = [&plot, &guided].map(|plot| read_xml(&plot.svg()));
    let guide = with.iter().find(|e| e.get("class") == "draw guide").unwrap();
    assert_eq!(guide.get("d").matches('L').count(), 10); // up to y = 1, not 9
    let ticks = |all: &[Element]| all.iter().filter(|e| e.get("class") == "grid").count();
    assert_eq!(ticks(&without), ticks(&with));
    assert!(with.iter().any(|e| e.text == "far"));
    assert_eq!(with.iter().filter(|e| e.get("class") == "fill").count(), 2); // a marker for each point
    let column = |text: String| text.lines().filter(|line| line.contains('.')).count();
    assert!(column(guided.ascii()) >= column(plot.ascii()) + 10, "{}", guided.ascii());
}

#[test]
fn a_boundary_lies_where_z_is_zero() {
    let text = "u,v,y\n0,0,0\n1,5,1\n4,1,0\n10,10,1\n2,9,0\n";
    let examples = Examples::from_csv(text.as_bytes(), "test", None, &[]).unwrap();
    let w = Tensor::new(2, 1, vec![-1.0, 2.0]);
    let picture = plot::boundary("Test", &examples, ["<no>", "yes"], &w, -3.0);
    let elements = read_xml(&picture);
    // z of the five: -3, 6, -5, 7, 13; the last has label 0.
    assert!(picture.contains("1 of 5 examples lie on the wrong side"));
    assert_eq!(
        elements.iter().filter(|e| e.get("class") == "draw" && e.name == "circle").count(),
        1
    );

    // Pixels back to numbers, by the places of the ticks 0 and 10.
    let tick = |anchor: &str, label: &str, place: &str| {
        let wanted = |e: &&Element| e.get("text-anchor") == anchor && e.text == label;
        elements.iter().find(wanted).unwrap().number(place)
    };
    let (x0, x10) = (tick("middle", "0", "x"), tick("middle", "10", "x"));
    let (y0, y10) = (tick("end", "0", "y"), tick("end", "10", "y"));
    let line = elements.iter().find(|e| e.name == "path" && e.get("stroke-width") == "2").unwrap();
    let numbers: Vec<f64> =
        line.get("d").split(['M', 'L', ' ']).filter_map(|part| part.parse().ok()).collect();
    for end in numbers.chunks(2) {
        let u = 10.0 * (end[0] - x0) / (x10 - x0);
        let v = 10.0 * (end[1] + 5.0 - y0) / (y10 - y0); // a label stands 5 pixels lower
        assert!((-u + 2.0 * v - 3.0).abs() < 0.02, "({u}, {v})");
    }
    assert_eq!(numbers.len(), 4);

    for b in [1e9, f64::NAN, f64::INFINITY] {
        let picture = plot::boundary("Test", &examples, ["no", "yes"], &w, b);
        assert!(picture.contains("is not in this picture"), "{b}");
        read_xml(&picture);
    }
    let none = Examples { x: Tensor::zeros(2, 0), y: Tensor::zeros(1, 0), ..examples.clone() };
    read_xml(&plot::boundary("None", &none, ["no", "yes"], &w, 0.0));
    let three = Tensor::zeros(3, 1);
    let panic =
        std::panic::catch_unwind(|| plot::boundary("Three", &examples, ["", ""], &three, 0.0));
    let message = panic.expect_err("a panic").downcast_ref::<String>().unwrap().clone();
    assert!(message.contains("tests/suite/views.rs:") && message.contains("\n try: "), "{message}");
}

/// One element of an XML document, in document order; `elements[0]` is the root.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    /// The text directly inside, entities resolved.
    text: String,
    children: Vec<&'static str>,
}

impl Element {
    fn has(&self, attribute: &str) -> bool {
        self.attributes.contains_key(attribute)
    }

    fn get(&self, attribute: &str) -> &str {
        self.attributes.get(attribute).map_or("", |value| value)
    }

    #[track_caller]
    fn number(&self, attribute: &str) -> f64 {
        self.get(attribute).parse().unwrap_or_else(|_| panic!("{attribute} of {self:?}"))
    }
}

/// Reads XML and panics where it is not well-formed. It refuses what these pictures must not hold:
/// comments, declarations, references to anything outside.
fn read_xml(text: &str) -> Vec<Element> {
    let outside = text.replace("http://www.w3.org/2000/svg", "");
    for word in ["http:", "https:", "href", "url(", "@import", "<script", "style="] {
        assert!(!outside.contains(word), "{word}");
    }
    let mut elements: Vec<Element> = vec![];
    let mut open: Vec<usize> = vec![];
    let mut rest = text.trim_end();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').expect("an end tag ends");
            let element = open.pop().expect("an end tag has a beginning");
            assert_eq!(elements[element].name, name);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('<') {
            assert!(elements.is_empty() || !open.is_empty(), "one root");
            let end = after.find([' ', '>', '/']).expect("a tag ends");
            let name = &after[..end];
            assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic()), "{name}");
            let mut attributes = BTreeMap::new();
            rest = &after[end..];
            while let Some(after) = rest.strip_prefix(' ') {
                let (key, after) = after.split_once("=\"").expect("an attribute has a value");
                assert!(key.chars().all(|c| c.is_ascii_alphabetic() || c == '-'), "{key}");
                let (value, after) = after.split_once('"').expect("a value ends");
                assert!(
                    attributes.insert(key.to_string(), resolved(value)).is_none(),
                    "{key} twice"
                );
                rest = after;
            }
            let parent = open.last().copied();
            if let (Some(parent), Some(known)) =
                (parent, ["path", "rect", "text", "title"].into_iter().find(|known| *known == name))
            {
                elements[parent].children.push(known);
            }
            let element = Element {
                name: name.to_string(),
                attributes,
                text: String::new(),
                children: vec![],
            };
            elements.push(element);
            rest = match rest.strip_prefix("/>") {
                Some(after) => after,
                None => {
                    open.push(elements.len() - 1);
                    rest.strip_prefix('>').expect("a tag ends")
                }
            };
        } else {
            let end = rest.find('<').unwrap_or(rest.len());
            let element = *open.last().expect("text stands inside the root");
            elements[element].text += &resolved(&rest[..end]);
            rest = &rest[end..];
        }
    }
    assert!(open.is_empty(), "everything ends");
    assert!(
        elements.iter().any(|e| e.name == "title") && elements.iter().any(|e| e.name == "desc")
    );
    elements
}

fn resolved(text: &str) -> String {
    assert!(
        !text.contains(['<']) && !text.contains(|c: char| c.is_control() && c != '\n'),
        "{text:?}"
    );
    let mut parts = text.split('&');
    let mut resolved = parts.next().unwrap().to_string();
    for part in parts {
        let (name, after) = part.split_once(';').expect("an entity ends");
        resolved += match name {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            other => panic!("entity {other}"),
        };
        resolved += after;
    }
    resolved
}

/// Reads the part of DOT that these graphs use: the labels of the nodes, and how many edges.
fn read_dot(text: &str) -> (BTreeMap<usize, String>, usize) {
    let body = text.strip_prefix("digraph trace {\n").unwrap().strip_suffix("}\n").unwrap();
    let (mut nodes, mut edges) = (BTreeMap::new(), 0);
    for line in body.lines().skip(1) {
        let (head, attributes) = line.split_once(" [").unwrap();
        let attributes = read_attributes(attributes);
        let number =
            |name: &str| -> usize { name.trim().strip_prefix('n').unwrap().parse().unwrap() };
        match head.split_once(" -> ") {
            None => assert!(nodes.insert(number(head), attributes["label"].clone()).is_none()),
            Some((from, to)) => {
                assert!(number(from) < number(to));
                edges += 1;
            }
        }
    }
    (nodes, edges)
}

/// `key=value, key="quoted \" value"];`
fn read_attributes(mut rest: &str) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    loop {
        let (key, after) = rest.split_once('=').expect("key=value");
        let mut value = String::new();
        let mut chars = after.chars();
        if after.starts_with('"') {
            chars.next();
            loop {
                match chars.next().expect("a quoted value ends") {
                    '"' => break,
                    '\\' => match chars.next().unwrap() {
                        'n' => value.push('\n'),
                        c @ ('"' | '\\') => value.push(c),
                        c => panic!("escape {c}"),
                    },
                    c => value.push(c),
                }
            }
            rest = chars.as_str();
        } else {
            let end = after.find([',', ']']).unwrap();
            value = after[..end].to_string();
            assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'), "{value}");
            rest = &after[end..];
        }
        attributes.insert(key.to_string(), value);
        match rest.strip_prefix(", ") {
            Some(after) => rest = after,
            None => break,
        }
    }
    assert_eq!(rest, "];");
    attributes
}
