//! The loops in which the time goes, over plain slices.
//!
//! They are ordinary safe loops, written so that the compiler makes vector instructions of them:
//! over slices whose lengths it knows to be equal, in the order of memory, and with several sums
//! at once, since additions into a single sum would wait for each other. Nothing depends on the
//! processor: the order of all additions is fixed, and no multiplication is fused with an addition.

use std::array;

/// Compiles each function twice, for any processor of its kind and for one with AVX2, which has
/// wider registers, and picks one when it is called.
///
/// Both do the same additions and multiplications in the same order, and so give the same bits.
/// The crate's own loops go through this, and so can one of yours; what it calls must be marked
/// `#[inline(always)]` to be compiled twice as well. It holds the one `unsafe` of this crate, the
/// call of what was compiled for AVX2; a crate with `#![forbid(unsafe_code)]` cannot use it.
///
/// ```
/// chainrule::widest! {
///     /// `Σ xᵢ²`.
///     fn squares(x: &[f64]) -> f64 {
///         x.iter().map(|x| x * x).sum()
///     }
/// }
/// assert_eq!(squares(&[3.0, 4.0]), 25.0);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! widest {
    ($(
        $(#[$doc:meta])*
        $visibility:vis fn $name:ident($($argument:ident: $Type:ty),* $(,)?) $(-> $Out:ty)? $body:block
    )*) => {$(
        $(#[$doc])*
        $visibility fn $name($($argument: $Type),*) $(-> $Out)? {
            #[inline(always)]
            fn __plain($($argument: $Type),*) $(-> $Out)? $body

            #[cfg(target_arch = "x86_64")]
            if std::is_x86_feature_detected!("avx2") {
                #[target_feature(enable = "avx2")]
                fn __wide($($argument: $Type),*) $(-> $Out)? {
                    __plain($($argument),*)
                }
                #[allow(unsafe_code, reason = "the line above saw that the processor has AVX2")]
                return unsafe { __wide($($argument),*) };
            }
            __plain($($argument),*)
        }
    )*};
}

/// How many sums are kept at once.
const LANES: usize = 8;

/// Where the rows of a matrix lie in memory: one every `stride` numbers.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub data: &'a [f64],
    pub stride: usize,
    pub count: usize,
    pub length: usize,
}

impl<'a> Rows<'a> {
    #[inline(always)]
    fn row(self, i: usize) -> &'a [f64] {
        &self.data[i * self.stride..][..self.length]
    }

    #[inline(always)]
    fn all(self) -> impl Iterator<Item = &'a [f64]> {
        self.data.chunks(self.stride).take(self.count).map(move |chunk| &chunk[..self.length])
    }
}

widest! {
    /// `Σ xᵢ`.
    pub fn sum(x: &[f64]) -> f64 {
        let (chunks, rest) = x.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for chunk in chunks {
            sums = array::from_fn(|k| sums[k] + chunk[k]);
        }
        join(sums) + rest.iter().sum::<f64>()
    }

    /// `y = f(x)`, number by number.
    pub fn map(x: &[f64], y: &mut [f64], f: impl Fn(f64) -> f64) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = f(x);
        }
    }

    /// `(y, z) = f(x)`, number by number.
    pub fn map_to_two(x: &[f64], y: &mut [f64], z: &mut [f64], f: impl Fn(f64) -> (f64, f64)) {
        for ((y, z), &x) in y.iter_mut().zip(z).zip(x) {
            (*y, *z) = f(x);
        }
    }

    /// `z = f(x, y)`, number by number.
    pub fn zip(x: &[f64], y: &[f64], z: &mut [f64], f: impl Fn(f64, f64) -> f64) {
        for ((z, &x), &y) in z.iter_mut().zip(x).zip(y) {
            *z = f(x, y);
        }
    }

    /// `x += y`, number by number.
    pub fn add_to(x: &mut [f64], y: &[f64]) {
        for (x, y) in x.iter_mut().zip(y) {
            *x += y;
        }
    }

    /// `C = A·Bᵀ`, where A and B have rows of the same length: each entry of C is the dot product
    /// of two rows. C lies row by row.
    ///
    /// This is wᵀX where X has its examples in one piece each: B is Xᵀ, and is walked once.
    pub fn rows_by_rows(a: Rows, b: Rows, c: &mut [f64]) {
        for (j, row) in b.all().enumerate() {
            for (i, c) in c.chunks_exact_mut(b.count).enumerate() {
                c[j] = dot(a.row(i), row);
            }
        }
    }

    /// `C = A·B`, C row by row, over zeros: each row of C is a sum of rows of B.
    ///
    /// This is (A − Y)Xᵀ where X has its examples in one piece each: B is Xᵀ. Four rows of B are
    /// added at a time, so that the sums are fetched and stored a quarter as often.
    pub fn rows_by_columns(a: Rows, b: Rows, c: &mut [f64]) {
        for k in (0..b.count).step_by(4) {
            for (i, c) in c.chunks_exact_mut(b.length).enumerate() {
                let factors = &a.row(i)[k..b.count.min(k + 4)];
                if let &[f0, f1, f2, f3] = factors {
                    let [b0, b1, b2, b3] = array::from_fn(|r| b.row(k + r));
                    let rows = b0.iter().zip(b1).zip(b2).zip(b3);
                    for (c, (((b0, b1), b2), b3)) in c.iter_mut().zip(rows) {
                        *c += (f0 * b0 + f1 * b1) + (f2 * b2 + f3 * b3);
                    }
                } else {
                    for (r, f) in factors.iter().enumerate() {
                        for (c, b) in c.iter_mut().zip(b.row(k + r)) {
                            *c += f * b;
                        }
                    }
                }
            }
        }
    }
}

/// `Σ xᵢ yᵢ`, of slices of equal length.
#[inline(always)]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let ((xs, x), (ys, y)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (x, y) in xs.iter().zip(ys) {
        sums = array::from_fn(|k| sums[k] + x[k] * y[k]);
    }
    join(sums) + x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>()
}

#[inline(always)]
fn join(s: [f64; LANES]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}
