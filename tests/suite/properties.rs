//! Independent ways to the same derivative, on random inputs.

use crate::common::{assert_close, config, samples, ulps};
use chainrule::activation::{self, Activation, Tanh};
use chainrule::arithmetic::{max, min, pow};
use chainrule::check::Comparison;
use chainrule::logistic::{closed_form, propagate};
use chainrule::network::{Network, cross_entropy, glorot, squared_error};
use chainrule::tensor::{Local, Tape, Tensor, Var};
use chainrule::{activation::Sigmoid, scalar};
use proptest::prelude::*;

/// A matrix of this shape with entries between −3 and 3, in one of three memory layouts.
fn matrix(rows: usize, columns: usize) -> impl Strategy<Value = Tensor> {
    (proptest::collection::vec(-3.0..3.0, rows * columns), 0..3).prop_map(
        move |(entries, layout)| {
            match layout {
                0 => Tensor::new(rows, columns, entries),
                1 => Tensor::new(columns, rows, entries).t(),
                // A window of a wider matrix.
                _ => {
                    let wide = |i: usize, j: usize| {
                        if j < columns { entries[i * columns + j] } else { 9.0 }
                    };
                    let all = (0..rows).flat_map(|i| (0..columns + 2).map(move |j| (i, j)));
                    let all = all.map(|(i, j)| wide(i, (j + columns + 1) % (columns + 2)));
                    Tensor::new(rows, columns + 2, all.collect()).columns(1..columns + 1)
                }
            }
        },
    )
}

fn problem() -> impl Strategy<Value = (Tensor, f64, Tensor, Tensor)> {
    (1..6_usize, 1..20_usize).prop_flat_map(|(n, m)| {
        let labels = proptest::collection::vec(0..=1_u8, m);
        let labels =
            labels.prop_map(|y| Tensor::new(1, y.len(), y.into_iter().map(f64::from).collect()));
        (matrix(n, 1), -3.0..3.0, matrix(n, m), labels)
    })
}

proptest! {
    #![proptest_config(config(64, 1000))]

    #[test]
    fn tape_against_closed_form((w, b, x, y) in problem()) {
        let (tape, cost) = propagate(&w, b, &x, &y).unwrap();
        let (by_hand, other_cost) = closed_form::propagate(&w, b, &x, &y).unwrap();
        let scale = closed_form::scale(&w, b, &x, &y).unwrap();
        let mut comparison = Comparison::of_grads(&tape, &by_hand, &scale);
        comparison.tolerance = 1e-14;
        prop_assert!(comparison.agrees(), "{comparison}");
        prop_assert!(crate::common::relative(cost, other_cost) < 1e-14);
    }

    /// The same two-layer network, node by node on a tape of numbers.
    #[test]
    fn scalar_tape_against_tensor_tape(
        (n, h, x, y) in (1..4_usize, 1..4_usize, 1..5_usize).prop_flat_map(|(n, h, m)| {
            (Just(n), Just(h), matrix(n, m), matrix(1, m))
        }),
        seed in 0..1000_u64,
    ) {
        let mut network = Network::new(n).layer(h, Tanh).layer(1, Sigmoid).initialize(seed, glorot);
        network.layers[0].bias = Tensor::filled(h, 1, 0.3);
        let y = y.map(|y| f64::from(y > 0.0));
        let (grads, cost) = network.propagate(&x, &y, cross_entropy);

        let tape = scalar::Tape::new();
        let var = |tensor: &Tensor| -> Vec<_> { tensor.to_vec().into_iter().map(|v| tape.var(v)).collect() };
        let layers: Vec<_> = network.layers.iter().map(|l| (var(&l.weights), var(&l.bias))).collect();
        let m = x.shape().1;
        let losses: Vec<_> = (0..m).map(|j| {
            let input: Vec<f64> = (0..n).map(|i| x.get(i, j)).collect();
            let (w, b) = &layers[0];
            let hidden: Vec<_> = (0..h).map(|k| {
                let column: Vec<_> = (0..n).map(|i| w[i * h + k]).collect();
                (tape.dot(&column, &input) + b[k]).tanh()
            }).collect();
            let (w, b) = &layers[1];
            let z = tape.dot(w, &hidden) + b[0];
            (z * (1.0 - 2.0 * y.get(0, j))).softplus()
        }).collect();
        let scalar_cost = tape.sum(&losses) / m as f64;
        prop_assert!(crate::common::relative(scalar_cost.value(), cost) < 1e-13);
        let gradients = scalar_cost.backward();
        for (layer, (w, b)) in grads.iter().zip(&layers) {
            for (tensor, vars) in [(&layer.dw, w), (&layer.db, b)] {
                for (g, var) in tensor.to_vec().into_iter().zip(vars) {
                    prop_assert!((g - gradients.wrt(*var)).abs() < 1e-14, "{g} {}", gradients.wrt(*var));
                }
            }
        }
    }

    /// Each operation in each order of operands, on numbers and on matrices of each fitting shape.
    #[test]
    fn operators_against_differences(
        x in 0.3..3.0, y in -3.0..-0.3, shape in 0..4_usize,
    ) {
        type OnNumbers = for<'t> fn(scalar::Var<'t>, scalar::Var<'t>) -> scalar::Var<'t>;
        type OnMatrices = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;
        macro_rules! formulas { () => { [
            |x, y| x + y, |x, y| x - y, |x, y| x * y, |x, y| x / y, |x, _| -x,
            |x, _| x + 0.7, |x, _| x - 0.7, |x, _| x * 0.7, |x, _| x / 0.7,
            |_, y| 0.7 + y, |_, y| 0.7 - y, |_, y| 0.7 * y, |_, y| 0.7 / y,
            |x, _| x + x, |x, _| x - x, |x, _| x * x, |x, _| x / x,
            |x, y| (x * y + x / y) * (y - x) / (x + 2.0),
            |x, _| x.powf(1.7), |x, _| x.powi(-2), |_, y| y.powi(3),
            |x, y| x.pow(y), |x, _| x.pow(1.7), |_, y| pow(3.0, y), |x, _| x.pow(x),
            |x, y| x.max(x * y), |x, _| x.max(0.7), |x, _| max(0.7, x), |x, _| x.max(x),
            |x, y| x.min(x * y), |x, _| x.min(0.7), |x, _| min(0.7, x), |x, _| x.min(x),
        ] } }
        let on_numbers: [OnNumbers; 33] = formulas!();
        let on_matrices: [OnMatrices; 33] = formulas!();

        for (k, f) in on_numbers.into_iter().enumerate() {
            let at = |x: f64, y: f64| {
                let tape = scalar::Tape::new();
                let (x, y) = (tape.var(x), tape.var(y));
                let z = f(x, y);
                let gradients = z.backward();
                (z.value(), gradients.wrt(x), gradients.wrt(y))
            };
            let (_, dx, dy) = at(x, y);
            let h = f64::EPSILON.cbrt();
            let numeric = [
                (at(x + h, y).0 - at(x - h, y).0) / (2.0 * h),
                (at(x, y + h).0 - at(x, y - h).0) / (2.0 * h),
            ];
            for (slope, numeric) in [dx, dy].into_iter().zip(numeric) {
                prop_assert!((slope - numeric).abs() <= 1e-7 * slope.abs().max(1.0), "{k}: {slope} {numeric}");
            }
        }
        // On matrices: every entry as on numbers, broadcast operands added up.
        let shapes = [((2, 3), (2, 3)), ((2, 3), (1, 3)), ((2, 1), (2, 3)), ((1, 1), (2, 3))];
        let (of_x, of_y) = shapes[shape];
        for (k, (f, g)) in on_matrices.into_iter().zip(on_numbers).enumerate() {
            let tape = Tape::new();
            let entries = |(rows, columns): (usize, usize), first: f64| {
                let all = (0..rows * columns).map(|k| first * (1.0 + 0.1 * k as f64));
                Tensor::new(rows, columns, all.collect())
            };
            let (x, y) = (tape.var(entries(of_x, x)), tape.var(entries(of_y, y)));
            let gradients = f(x, y).sum().backward();
            let (mut dx, mut dy) = (vec![0.0; of_x.0 * of_x.1], vec![0.0; of_y.0 * of_y.1]);
            let result = f(x, y).shape();
            for i in 0..result.0 {
                for j in 0..result.1 {
                    let tape = scalar::Tape::new();
                    let at = |shape: (usize, usize)| {
                        (if shape.0 == 1 { 0 } else { i }) * shape.1 + if shape.1 == 1 { 0 } else { j }
                    };
                    let (p, q) = (at(of_x), at(of_y));
                    let (x, y) = (tape.var(x.value().to_vec()[p]), tape.var(y.value().to_vec()[q]));
                    let gradients = g(x, y).backward();
                    dx[p] += gradients.wrt(x);
                    dy[q] += gradients.wrt(y);
                }
            }
            for (by_matrix, by_number) in [(gradients.wrt(x), dx), (gradients.wrt(y), dy)] {
                for (a, b) in by_matrix.to_vec().into_iter().zip(by_number) {
                    prop_assert!((a - b).abs() <= 1e-13 * b.abs().max(1.0), "{k}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn every_activation_against_differences_and_on_every_carrier(x in -5.0..5.0_f64) {
        for f in activation::all() {
            let h = f64::EPSILON.cbrt();
            if !(f.domain(x - 2.0 * h) && f.domain(x + 2.0 * h)) || x.abs() < 2.0 * h {
                continue;
            }
            let (y, slope) = f.f_df(x);
            let difference = |h: f64| (f.f(x + h) - f.f(x - h)) / (2.0 * h);
            let numeric = difference(h);
            // A pole nearby, as those of tan, shows in what the step matters.
            let spread = (difference(2.0 * h) - numeric).abs();
            let size = slope.abs().max(y.abs()).max(1.0) / x.abs().min(1.0).powi(3);
            prop_assert!((slope - numeric).abs() < 1e-8 * size + spread, "{} at {x}: {slope} {numeric}", f.name());
            prop_assert!(ulps(y, f.f(x)) == 0 && ulps(slope, f.df(x, y)) == 0, "{}", f.name());

            let tape = scalar::Tape::new();
            let number = tape.var(x);
            let out = number.apply(&*f);
            prop_assert_eq!((out.value(), out.backward().wrt(number)), (y, slope));

            let tape = Tape::new();
            let matrix = tape.var(Tensor::new(2, 2, vec![x; 4]));
            let out = matrix.apply(&f);
            prop_assert_eq!(out.value().to_vec(), vec![y; 4]);
            prop_assert_eq!(out.sum().backward().wrt(matrix).to_vec(), vec![slope; 4]);
        }
    }

    /// ⟨u, J v⟩ = ⟨Jᵀ u, v⟩ for every operation on matrices: J v from differences, Jᵀ u from the
    /// tape.
    #[test]
    fn transposes_of_every_tensor_operation(
        a in matrix(3, 4), v in matrix(3, 4), other in matrix(3, 4), right in matrix(4, 2),
        row in matrix(1, 4), column in matrix(3, 1), seed in 0..1000_u32,
    ) {
        type Operation<'a> = Box<dyn for<'t> Fn(Var<'t>) -> Var<'t> + 'a>;
        fn fixed<'t>(x: Var<'t>, value: &Tensor) -> Var<'t> { x.tape().constant(value.clone()) }
        let mut operations: Vec<(&str, Operation)> = vec![
            ("matmul left", Box::new(|x| x.matmul(fixed(x, &right)))),
            ("matmul right", Box::new(|x| fixed(x, &right.t()).matmul(x.t()))),
            ("t", Box::new(|x| x.t())),
            ("sum", Box::new(|x| x.sum())),
            ("mean", Box::new(|x| x.mean())),
            ("sum_rows", Box::new(|x| x.sum_rows())),
            ("sum_columns", Box::new(|x| x.sum_columns())),
            ("log_sum_exp", Box::new(|x| x.log_sum_exp())),
            ("softmax", Box::new(|x| x.softmax())),
            ("neg", Box::new(|x| -x)),
            ("add", Box::new(|x| x + fixed(x, &other))),
            ("sub", Box::new(|x| fixed(x, &other) - x)),
            ("mul", Box::new(|x| x * fixed(x, &other))),
            ("div", Box::new(|x| x / (fixed(x, &other) + 5.0))),
            ("div by", Box::new(|x| fixed(x, &other) / (x + 5.0))),
            ("row", Box::new(|x| x * fixed(x, &row))),
            ("column", Box::new(|x| fixed(x, &column) - x)),
            ("broadcast row", Box::new(|x| x.sum_rows() * fixed(x, &other))),
            ("broadcast column", Box::new(|x| fixed(x, &other) + x.sum_columns())),
            ("broadcast number", Box::new(|x| x.mean() * fixed(x, &other))),
            ("pow", Box::new(|x| (x + 5.0).pow(fixed(x, &row)))),
            ("pow of a number", Box::new(|x| pow(1.5, x * fixed(x, &column)))),
            ("max", Box::new(|x| x.max(fixed(x, &column) + 0.01))),
            ("min", Box::new(|x| min(fixed(x, &row) + 0.01, x))),
            ("number", Box::new(|x| 2.0 / (5.0 + x) - 3.0 * x)),
            ("custom", Box::new(|x| {
                let swap = |g: &Tensor| &g.map(|g| 3.0 * g) + 0.0;
                x.tape().record("triple", &x.value() * 3.0, [(x, Local::custom(swap))])
            })),
        ];
        for f in activation::all() {
            // Between 0.1 and 1.3, where each is defined and none has a kink or a pole.
            operations.push(("activation", Box::new(move |x| (x * 0.2 + 0.7).apply(&f))));
        }
        for (name, operation) in &operations {
            let at = |t: f64| {
                let tape = Tape::new();
                operation(tape.var(&a + &(&v * t))).value()
            };
            let h = 1e-5;
            let difference = |h: f64| &(&at(h) - &at(-h)) / (2.0 * h);
            let jv = difference(h);
            // A random direction u of the output's shape.
            let (rows, columns) = jv.shape();
            let noise = |k| ((k * 37 + seed as usize * 101) % 17) as f64 / 8.0 - 1.0;
            let u = Tensor::new(rows, columns, (0..rows * columns).map(noise).collect());
            let left = (&u * &jv).sum();

            let tape = Tape::new();
            let x = tape.var(a.clone());
            let y = operation(x);
            let gradient = (y * tape.constant(u.clone())).sum().backward().wrt(x);
            let right = (&gradient * &v).sum();
            // Rounding of inputs and outputs, divided by h, and of the two sums; and what the step
            // matters, which is three times the error of the difference.
            let size = |x: &Tensor, y: &Tensor| (x * y).map(f64::abs).sum();
            let rounding = (size(&u, &y.value()) + size(&gradient, &a)) / h + 4.0 * size(&gradient, &v);
            let tolerance = 2.0 * f64::EPSILON * rounding + size(&u, &(&difference(2.0 * h) - &jv));
            prop_assert!((left - right).abs() <= tolerance, "{name}: {left} {right} {tolerance}");
        }
    }

    #[test]
    fn broadcasting_against_explicit_loops(
        wide in matrix(3, 4), row in matrix(1, 4), column in matrix(3, 1), one in matrix(1, 1),
    ) {
        for (name, narrow) in [("row", row), ("column", column), ("number", one), ("same", &wide * 2.0)] {
            for (k, z) in [&wide - &narrow, &narrow - &wide].into_iter().enumerate() {
                for i in 0..3 {
                    for j in 0..4 {
                        let other = narrow.get(i.min(narrow.shape().0 - 1), j.min(narrow.shape().1 - 1));
                        let expected = wide.get(i, j) - other;
                        prop_assert_eq!(z.get(i, j), if k == 0 { expected } else { -expected }, "{}", name);
                    }
                }
            }
        }
    }

    #[test]
    fn products_and_sums_against_explicit_loops(a in matrix(3, 5), b in matrix(5, 4)) {
        let c = a.matmul(&b);
        for i in 0..3 {
            for j in 0..4 {
                let terms = (0..5).map(|k| a.get(i, k) * b.get(k, j));
                let sum: f64 = terms.clone().sum();
                let scale: f64 = terms.map(f64::abs).sum();
                prop_assert!((c.get(i, j) - sum).abs() <= 1e-15 * scale);
            }
        }
        for i in 0..3 {
            let sum: f64 = (0..5).map(|j| a.get(i, j)).sum();
            prop_assert!((a.sum_columns().get(i, 0) - sum).abs() < 1e-14);
        }
        for j in 0..5 {
            let sum: f64 = (0..3).map(|i| a.get(i, j)).sum();
            prop_assert!((a.sum_rows().get(0, j) - sum).abs() < 1e-14);
        }
        prop_assert!((a.sum() - a.to_vec().iter().sum::<f64>()).abs() < 1e-14);
        prop_assert_eq!(a.t().t(), a.clone());
        let rows: Vec<Vec<f64>> = (0..3).map(|i| a.columns(0..5).t().columns(i..i + 1).to_vec()).collect();
        prop_assert_eq!(Tensor::from_rows(&rows), a);
    }

    #[test]
    fn backward_twice_is_equal((w, b, x, y) in problem()) {
        prop_assert_eq!(propagate(&w, b, &x, &y).unwrap(), propagate(&w, b, &x, &y).unwrap());
        let tape = Tape::new();
        let w = tape.var(w);
        let cost = (w.t().matmul(tape.constant(x)) + b).softplus().mean();
        prop_assert_eq!(cost.backward().wrt(w), cost.backward().wrt(w));
    }
}

#[test]
fn xor_is_learned_from_every_seed() {
    let x = Tensor::from_rows(&[[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]);
    let y = Tensor::from_rows(&[[0.0, 1.0, 1.0, 0.0]]);
    for seed in 0..u64::from(samples(5, 20)) {
        let mut network = Network::new(2).layer(8, Tanh).layer(1, Sigmoid).initialize(seed, glorot);
        network.train(&x, &y, cross_entropy, 2000, 0.5, |_, _, _| ());
        let (_, cost) = network.propagate(&x, &y, cross_entropy);
        assert!(cost < 0.02, "seed {seed}: cost {cost}");
        let right = network.predict(&x).map(|a| f64::from(a > 0.5));
        assert_eq!(right, y, "seed {seed}");
    }
}

#[test]
fn squared_error_is_a_cost_too() {
    let (x, y) = (Tensor::from_rows(&[[-1.0, 1.0]]), Tensor::from_rows(&[[0.25, 0.75]]));
    let mut network = Network::new(1).layer(1, Sigmoid);
    network.train(&x, &y, squared_error, 2000, 2.0, |_, _, _| ());
    let (_, cost) = network.propagate(&x, &y, squared_error);
    assert!(cost < 1e-12, "{cost}");
    // σ(w) = 3/4 for w = ln 3
    assert_close("w", network.layers[0].weights.get(0, 0), 3f64.ln(), 1e-5);
    assert_eq!(Sigmoid.slope(), Some("y (1 - y)"));
}
