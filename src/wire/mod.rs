//! The bodies exactly as each client sends and expects them. No logic: what they mean is `intake`'s and `render`'s.

pub mod builder;
pub mod explorer;
pub mod flat;
pub mod frame;
pub mod prometheus;
pub mod remote;
pub mod request;
pub mod response;
