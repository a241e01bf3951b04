//! stub
use crate::frame::Frame;
use crate::time::Zone;
pub(super) fn chart(_f: &[Frame], _w: usize, _h: usize, _z: &Zone, _c: bool) -> String {
    String::new()
}
pub(super) fn table(_f: &[Frame], _z: &Zone) -> String {
    String::new()
}
pub(super) fn csv(_f: &[Frame]) -> Result<String, csv::Error> {
    Ok(String::new())
}
pub(super) fn json(_f: &[Frame]) -> serde_json::Value {
    serde_json::Value::Null
}
