//! What the names, classes and roles of elements say of them: this is the article; this is not.

/// A set of things said of an element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u8);

impl Marks {
    /// Says in so many words that it holds the article's text: `itemprop="articleBody"`, or a class
    /// that content management systems give to it.
    pub const BODY: Marks = Marks(1);
    /// Says that it is something else: a menu, related posts, comments, a consent banner.
    pub const NOISE: Marks = Marks(2);
    /// Is said to be something else by its role, which is not meant for looks.
    pub const ASIDE: Marks = Marks(4);
    /// Is not shown.
    pub const UNSEEN: Marks = Marks(8);
    /// Is the page's main part, by its role.
    pub const MAIN: Marks = Marks(16);
    /// A script that holds data.
    pub const DATA: Marks = Marks(32);

    /// Whether all of `other` is said.
    pub fn has(self, other: Marks) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Marks {
    type Output = Marks;

    fn bitor(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }
}

/// Classes and ids that content management systems give to the text of an article; runs of `-` and
/// `_` count as one `-`.
const BODY_CLASSES: &[&str] = &[
    "article-body",
    "article-body-text",
    "article-content",
    "article-text",
    "articlebody",
    "articlecontent",
    "blog-content",
    "blog-post-body",
    "blog-post-content",
    "body-content",
    "content-body",
    "e-content",
    "elementor-widget-theme-post-content",
    "entry-content",
    "field-name-body",
    "gh-content",
    "markdown-body",
    "news-body",
    "news-content",
    "news-detail",
    "node-content",
    "post-body",
    "post-content",
    "post-full-content",
    "post-text",
    "postcontent",
    "press-release-body",
    "pressrelease-body",
    "prose",
    "release-body",
    "rich-text",
    "rich-text-block",
    "richtext",
    "single-content",
    "story-body",
    "story-content",
    "storybody",
    "td-post-content",
    "w-richtext",
    "wp-block-post-content",
    "wysiwyg",
];

/// Words of classes and ids that name something other than the article.
const NOISE_WORDS: &[&str] = &[
    "addthis",
    "addtoany",
    "ads",
    "advert",
    "advertisement",
    "breadcrumb",
    "breadcrumbs",
    "ccpa",
    "comment",
    "comments",
    "consent",
    "cookie",
    "cookies",
    "cta",
    "disqus",
    "drawer",
    "dropdown",
    "flyout",
    "footer",
    "gdpr",
    "lightbox",
    "masthead",
    "menu",
    "modal",
    "nav",
    "navbar",
    "navigation",
    "newsletter",
    "offcanvas",
    "outbrain",
    "overlay",
    "pager",
    "pagination",
    "popular",
    "popup",
    "promo",
    "recirculation",
    "recommendations",
    "recommended",
    "related",
    "respond",
    "share",
    "sharedaddy",
    "sharing",
    "sidebar",
    "sidenav",
    "signup",
    "social",
    "sponsored",
    "submenu",
    "subscribe",
    "subscription",
    "taboola",
    "tagcloud",
    "toc",
    "toolbar",
    "trending",
];

/// Classes and ids that name something other than the article as a whole.
const NOISE_NAMES: &[&str] = &[
    "about-author",
    "about-the-author",
    "ad",
    "also-like",
    "author-bio",
    "author-box",
    "author-card",
    "author-info",
    "entry-meta",
    "entry-tags",
    "keep-reading",
    "latest-news",
    "latest-posts",
    "more-articles",
    "more-news",
    "more-posts",
    "more-stories",
    "next-post",
    "post-meta",
    "post-tags",
    "prev-next",
    "prev-post",
    "read-more",
    "read-next",
    "recent-posts",
    "screen-reader-text",
    "search-form",
    "site-header",
    "skip-link",
    "sr-only",
    "up-next",
    "visually-hidden",
    "widget",
    "widget-area",
    "you-may-like",
];

/// Words that turn a class around: a layout *with* a sidebar, comments that are *open*, a post in
/// the *category* sharing.
const TURNED_BY: &[&str] = &[
    "has", "no", "with", "without", "open", "opened", "closed", "disabled", "enabled", "is", "not",
    "type", "tag", "category", "status", "format", "layout", "template",
];

/// Words that may stand beside a noise word in an id. Headings' texts become ids too, so that an id
/// with any other word in it (`social-committee`) is taken for a text.
const ID_WORDS: &[&str] = &[
    "area",
    "articles",
    "bar",
    "block",
    "bottom",
    "box",
    "buttons",
    "container",
    "content",
    "form",
    "global",
    "icons",
    "left",
    "links",
    "list",
    "main",
    "page",
    "panel",
    "post",
    "posts",
    "primary",
    "right",
    "secondary",
    "section",
    "site",
    "thread",
    "top",
    "wrap",
    "wrapper",
];

const ROLES_ASIDE: &[&[u8]] = &[
    b"alertdialog",
    b"banner",
    b"complementary",
    b"contentinfo",
    b"dialog",
    b"menu",
    b"menubar",
    b"navigation",
    b"search",
    b"toolbar",
    b"tooltip",
];

/// What the name of an element says: custom elements are named like classes.
pub fn of_name(name: &[u8]) -> Marks {
    if name.contains(&b'-') { of_class(&String::from_utf8_lossy(name)) } else { Marks::default() }
}

/// What an attribute says of its element.
pub fn of_attribute(name: &[u8], value: &[u8]) -> Marks {
    match name {
        b"class" | b"id" => {
            let mut marks = Marks::default();
            for token in String::from_utf8_lossy(value).split_ascii_whitespace() {
                marks = marks | if name == b"id" { of_id(token) } else { of_class(token) };
            }
            marks
        }
        b"itemprop" if value == b"articleBody" => Marks::BODY,
        b"role" if value == b"main" => Marks::MAIN,
        b"role" if ROLES_ASIDE.contains(&value) => Marks::ASIDE,
        b"hidden" => Marks::UNSEEN,
        b"aria-hidden" if value == b"true" => Marks::UNSEEN,
        b"style" => {
            let style: String = String::from_utf8_lossy(value).split_whitespace().collect();
            if style.contains("display:none") { Marks::UNSEEN } else { Marks::default() }
        }
        _ => Marks::default(),
    }
}

/// `Post__Body`, `postBody` and `post-body` are one name.
fn normal(token: &str) -> String {
    let mut name = String::with_capacity(token.len() + 4);
    let mut before_is_lower = false;
    for c in token.chars() {
        if c == '-' || c == '_' {
            if !name.ends_with('-') && !name.is_empty() {
                name.push('-');
            }
            before_is_lower = false;
            continue;
        }
        if c.is_ascii_uppercase() && before_is_lower {
            name.push('-');
        }
        before_is_lower = c.is_ascii_lowercase();
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn of_class(token: &str) -> Marks {
    let name = normal(token);
    if BODY_CLASSES.contains(&name.as_str()) {
        return Marks::BODY;
    }
    if NOISE_NAMES.contains(&name.as_str()) {
        return Marks::NOISE;
    }
    let says = |words: &[&str]| name.split('-').any(|word| words.contains(&word));
    // With a theme's name before it: `elementor-author-box`.
    let ends = || NOISE_NAMES.iter().any(|n| n.contains('-') && name.ends_with(n));
    if (says(NOISE_WORDS) || ends()) && !says(TURNED_BY) { Marks::NOISE } else { Marks::default() }
}

fn of_id(token: &str) -> Marks {
    let name = normal(token);
    let plain = NOISE_NAMES.contains(&name.as_str())
        || name.split('-').all(|w| NOISE_WORDS.contains(&w) || ID_WORDS.contains(&w));
    if plain { of_class(token) } else { Marks::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_ids_say_what_an_element_is() {
        for (attribute, value, body, noise) in [
            ("class", "wp-block entry-content", true, false),
            ("class", "article__body", true, false),
            ("class", "postBody", true, false),
            ("class", "w-richtext", true, false),
            ("class", "jp-relatedposts related-posts", false, true),
            ("class", "sidebar-right", false, true),
            ("class", "layout-sidebar-right", false, false),
            ("class", "post tag-newsletter category-social comments-open", false, false),
            ("class", "has-sidebar single", false, false),
            ("class", "elementor-widget elementor-widget-text-editor", false, false),
            ("class", "shareholder-news", false, false),
            ("class", "elementor-author-box", false, true),
            ("id", "comments", false, true),
            ("id", "site-footer", false, true),
            ("id", "social-committee", false, false),
            ("id", "newsletter-editor", false, false),
        ] {
            let marks = of_attribute(attribute.as_bytes(), value.as_bytes());
            assert_eq!((marks.has(Marks::BODY), marks.has(Marks::NOISE)), (body, noise), "{value}");
        }
        assert!(of_attribute(b"style", b"display : none").has(Marks::UNSEEN));
        assert!(of_attribute(b"role", b"navigation").has(Marks::ASIDE));
        assert!(of_name(b"cookie-banner").has(Marks::NOISE));
    }
}
