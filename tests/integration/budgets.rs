//! What one request may hold at once, whatever its shape, and what is computed within that.

mod bytes;
mod inner;
mod sessions;
mod sums;

use sqlx::PgPool;

use crate::support::{Server, Setup};

/// A server for which a table has one label: discovery takes none that has a value per row.
async fn labelled(pool: &PgPool, relation: &str, label: &str, setup: Setup) -> Server {
    let database = pool.connect_options().get_database().expect("a database").to_owned();
    let file = std::env::temp_dir().join(format!("datebin-budgets-{database}-{relation}.toml"));
    let source = format!("[[source]]\nrelation = \"{relation}\"\ntime = \"ts\"\nlabels = [\"{label}\"]\n");
    std::fs::write(&file, source).expect("the catalog's file");
    let server = Server::with(pool, Setup { file: Some(file.clone()), ..setup }).await;
    std::fs::remove_file(&file).expect("the catalog's file");
    server
}
