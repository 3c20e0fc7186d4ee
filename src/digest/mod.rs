//! Digests: composing what a reader is told, and rendering it as text and HTML. Pure.

mod compose;
mod render;
mod selection;

pub use compose::{
    CONFIRMED, Context, compose, compose_health, compose_quiet, compose_watched, is_quiet_for_long,
    period,
};
pub use render::{render_html, render_text};
pub use selection::Selection;
