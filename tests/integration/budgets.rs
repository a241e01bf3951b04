//! What one request may hold at once, whatever its shape.

mod sessions;
