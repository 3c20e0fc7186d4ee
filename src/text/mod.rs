//! From HTML to blocks, sentences and tokens: the shape of a text, without its meaning.
//!
//! Knows nothing of foundations or people. Never fails: whatever the bytes are, blocks come out,
//! bounded in number and size.

mod article;
mod block;
mod escape;
mod html;
mod runs;
mod sentence;
mod tags;

pub use article::article_html;
pub use block::{BLOCKS_MAX, Block, BlockKind, any_block, blocks, plain_text};
pub use escape::unescape;
pub use runs::{FIRST, Runs, eight, is_plain_end, key, small};
pub use sentence::{
    ABBREVIATIONS, Cased, Sentences, Span, Token, TokenKind, is_abbreviation, lower_case,
    lower_words, span_of, token_at, tokens,
};
pub use tags::{Tag, tags};
