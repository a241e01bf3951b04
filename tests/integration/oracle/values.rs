//! Seeded values of every type.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// A value as SQL and as the number it is; NULL is none.
pub fn number(ty: &str, dice: &mut StdRng) -> (String, Option<f64>) {
    let odd = dice.random_range(0..20);
    if odd == 0 {
        return ("NULL".into(), None);
    }
    let float = dice.random_range(-1000.0..1000.0_f64);
    let whole = dice.random_range(-1000..1000_i32);
    match (ty, odd) {
        ("float8" | "float4", 1) => ("'NaN'".into(), Some(f64::NAN)),
        ("float8" | "float4", 2) => ("'Infinity'".into(), Some(f64::INFINITY)),
        ("float8" | "float4", 3) => ("'-Infinity'".into(), Some(f64::NEG_INFINITY)),
        ("float8" | "float4", 4) => ("'-0.0'".into(), Some(-0.0)),
        ("float8", _) => (format!("'{float:?}'"), Some(float)),
        #[expect(clippy::cast_possible_truncation, reason = "a float4 is wanted")]
        ("float4", _) => (format!("'{:?}'", float as f32), Some(f64::from(float as f32))),
        ("numeric", 1) => ("'NaN'".into(), Some(f64::NAN)),
        ("numeric", 2) => ("1e400".into(), Some(f64::INFINITY)),
        ("numeric", 3) => ("-1e400".into(), Some(f64::NEG_INFINITY)),
        ("numeric", 4) => ("1e-400".into(), Some(0.0)),
        ("numeric" | "numeric(12,3)", _) => {
            let text = format!("{whole}.{:03}", odd * 41);
            (text.clone(), text.parse().ok())
        }
        ("boolean", _) => ((whole > 0).to_string(), Some(f64::from(u8::from(whole > 0)))),
        ("bigint", 1..8) => {
            let big = (1_i64 << 53) + i64::from(odd);
            #[expect(clippy::cast_precision_loss, reason = "values are float8")]
            (big.to_string(), Some(big as f64))
        }
        _ => (whole.to_string(), Some(f64::from(whole))),
    }
}
