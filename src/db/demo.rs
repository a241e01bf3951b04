//! stub
/// x
pub async fn feed(_c: super::DatabaseConfig) {}
