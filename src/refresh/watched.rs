//! When the file has changed.

use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

/// How often the file is looked at. Its text is compared, not its times: that sees what any editor, a bind mount and a
/// cluster's swapped links do, and nothing where nothing changed.
const LOOK: Duration = Duration::from_millis(500);

/// Waits until the file has another text than `seen` and keeps it for one look: it may be in the middle of being
/// written.
pub(crate) async fn changed(file: Option<&Path>, seen: Option<String>) {
    let Some(file) = file else { return std::future::pending().await };
    let mut last = seen.clone();
    loop {
        sleep(LOOK).await;
        let now = tokio::fs::read_to_string(file).await.ok();
        if now != seen && now == last {
            return;
        }
        last = now;
    }
}
