//! Finding the article in a fetched page.
//!
//! What the publisher says of its page counts first (`articleBody`, `<article>`, `<main>`, the
//! classes of content management systems), the weight of texts second; what is said to be
//! something else (menus, consent, related posts, comments) is left out. Where in doubt, more is
//! kept: what stands around an article is dropped later, block by block, as boilerplate.
//!
//! One pass over the page and a few over its elements: linear, and bounded in depth and size.

mod json;
mod marks;
mod page;

use marks::Marks;
use page::{Event, Page, Tag};

/// Headings that begin something other than the article, folded.
const ENDING_HEADINGS: &[&str] = &[
    "about the author",
    "add a comment",
    "also read",
    "comments",
    "continue reading",
    "further reading",
    "join the conversation",
    "join the discussion",
    "keep reading",
    "latest posts",
    "latest stories",
    "leave a comment",
    "leave a reply",
    "more articles",
    "more from",
    "more news",
    "more posts",
    "more stories",
    "most read",
    "newsletter",
    "next article",
    "next post",
    "other news",
    "other posts",
    "popular posts",
    "previous post",
    "read next",
    "recent articles",
    "recent posts",
    "recommended",
    "related",
    "related articles",
    "related content",
    "related news",
    "related posts",
    "related stories",
    "share",
    "share this",
    "sign up for our newsletter",
    "stay up to date",
    "subscribe",
    "subscribe to our newsletter",
    "you may also like",
    "you might also like",
];

/// Shorter beginnings of a title could be anybody's, in bytes.
const TITLE_BYTES_MIN: usize = 12;

/// Text before the marked body of an article that is worth keeping: a standfirst, in letters.
const LEAD_LETTERS_MIN: usize = 40;

/// The part of a page that holds the article of this title, as HTML: headings, paragraphs, lists,
/// tables and quotations without attributes. The heading that repeats the title is left out, as a
/// feed leaves it out. The page's whole text where nothing says more.
pub fn article_html(page: &str, title: &str) -> String {
    let page = Page::read(page);
    let article = Judged::new(&page, title).article();
    let shown = letters(&article);
    // A page built by scripts shows little and holds the text as data.
    match json::article(&page.data).filter(|data| letters(data) > shown.saturating_mul(2)) {
        Some(data) => {
            let data = Page::read(&data);
            let judged = Judged::new(&data, title);
            judged.write(0..data.events.len(), &vec![false; data.nodes.len()])
        }
        None => article,
    }
}

/// What is known of an element by what stands in it.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    /// Letters, all that stands in it.
    all: usize,
    /// Letters outside of links and of what is dropped.
    good: usize,
    /// The child with most good letters, and how many those are.
    best: (usize, usize),
    /// Whether the heading with the article's title stands in it.
    has_title: bool,
    /// Whether a first heading stands in it.
    has_h1: bool,
    /// Whether it holds, or is, what is marked as the page's main part or the article's text.
    has_main: bool,
}

/// A page whose elements are weighed.
struct Judged<'a> {
    page: &'a Page,
    weights: Vec<Weight>,
    /// Whether an element is left out.
    dropped: Vec<bool>,
    /// The heading that repeats the title.
    title: Option<usize>,
}

impl<'a> Judged<'a> {
    fn new(page: &'a Page, title: &str) -> Judged<'a> {
        let count = page.nodes.len();
        let mut judged = Judged {
            page,
            weights: vec![Weight::default(); count],
            dropped: vec![false; count],
            title: None,
        };
        judged.find_title(title);
        judged.sum_up();
        judged.drop_noise();
        judged.weigh();
        judged
    }

    /// The first heading that says what the title says.
    fn find_title(&mut self, title: &str) {
        let title = folded([title].into_iter());
        let headings = self.page.nodes.iter().enumerate().filter(|(_, n)| {
            n.tag.heading().is_some_and(|level| level <= 3)
                && n.last - n.first <= HEADING_EVENTS_MAX
        });
        for (index, node) in headings {
            let heading = folded(self.page.text_of(node));
            let begins =
                |long: &str, short: &str| short.len() >= TITLE_BYTES_MIN && long.starts_with(short);
            if !heading.is_empty()
                && (heading == title || begins(&heading, &title) || begins(&title, &heading))
            {
                self.title = Some(index);
                return;
            }
        }
    }

    /// What stands in each element; children come after their parents, so backwards.
    fn sum_up(&mut self) {
        for index in (0..self.page.nodes.len()).rev() {
            let node = &self.page.nodes[index];
            let weight = &mut self.weights[index];
            weight.all += node.own;
            weight.has_title |= self.title == Some(index);
            weight.has_h1 |= node.tag == Tag::Kept("h1");
            weight.has_main |= node.tag == Tag::Main || node.marks.has(Marks::MAIN);
            weight.has_main |= node.marks.has(Marks::BODY);
            let inner = *weight;
            if index > 0 {
                let outer = &mut self.weights[node.parent];
                outer.all += inner.all;
                outer.has_title |= inner.has_title;
                outer.has_h1 |= inner.has_h1;
                outer.has_main |= inner.has_main;
            }
        }
    }

    /// Leaves out what is no part of an article. What only a class says is not believed of an
    /// element that holds the title, the main part or most of the page.
    fn drop_noise(&mut self) {
        let total = self.weights[0].all;
        for (index, node) in self.page.nodes.iter().enumerate().skip(1) {
            let weight = &self.weights[index];
            let holds_article =
                weight.has_title || weight.has_h1 || weight.has_main || weight.all * 2 > total;
            let said = match node.tag {
                Tag::Hidden | Tag::Title => true,
                Tag::Aside => !weight.has_title,
                _ if node.marks.has(Marks::ASIDE) => !(weight.has_title || weight.has_main),
                Tag::Form => !holds_article,
                _ if node.marks.has(Marks::UNSEEN) => !holds_article,
                Tag::Article | Tag::Main => false,
                tag => tag.heading().is_none() && node.marks.has(Marks::NOISE) && !holds_article,
            };
            self.dropped[index] = said || self.dropped[node.parent];
        }
    }

    /// How much of an article each element can be.
    fn weigh(&mut self) {
        for index in (0..self.page.nodes.len()).rev() {
            let node = &self.page.nodes[index];
            if self.dropped[index] {
                continue;
            }
            let weight = &mut self.weights[index];
            weight.good += node.own - node.own_linked;
            let good = weight.good;
            if index > 0 {
                let outer = &mut self.weights[node.parent];
                outer.good += good;
                if good > outer.best.1 {
                    outer.best = (index, good);
                }
            }
        }
    }

    fn article(&self) -> String {
        let root = self.root();
        let mut out = self.dropped.clone();
        if let Some(title) = self.title {
            out[title] = true;
        }
        let range = self.body_of(root);
        self.drop_endings(range.clone(), &mut out);
        let html = self.write(range, &out);
        if letters(&html) > 0 {
            return html;
        }
        // All of it is said to be something else: then nothing that is said helps.
        let hidden: Vec<bool> =
            self.page.nodes.iter().map(|n| matches!(n.tag, Tag::Hidden | Tag::Title)).collect();
        self.write(0..self.page.events.len(), &hidden)
    }

    /// The element that holds the article.
    fn root(&self) -> usize {
        let mut best = (0, self.weights[0].good);
        for (index, node) in self.page.nodes.iter().enumerate() {
            if self.dropped[index] || self.weights[index].good == 0 {
                continue;
            }
            let weight = &self.weights[index];
            let trust = match node.tag {
                _ if node.marks.has(Marks::BODY) => 4,
                Tag::Article if weight.has_title => 6,
                Tag::Article => 3,
                Tag::Main => 2,
                _ if node.marks.has(Marks::MAIN) => 2,
                _ => continue,
            };
            // Of two with the same worth the inner one is the closer one.
            if weight.good * trust >= best.1 {
                best = (index, weight.good * trust);
            }
        }
        if best.0 == 0 { self.densest() } else { best.0 }
    }

    /// Down from the page to the smallest box that holds four fifths of what it has to say.
    fn densest(&self) -> usize {
        let mut at = 0;
        loop {
            let (child, good) = self.weights[at].best;
            let child_can_hold = self.page.nodes.get(child).is_some_and(|n| {
                matches!(n.tag, Tag::Box | Tag::Form | Tag::Inline | Tag::Article | Tag::Main)
                    || matches!(n.tag, Tag::Kept("table" | "tbody" | "tr" | "td"))
            });
            if child == 0 || !child_can_hold || good * 5 < self.weights[at].good * 4 {
                break;
            }
            at = child;
        }
        // Half a table is none: out to its box, or stay in its cell.
        while matches!(self.page.nodes[at].tag, Tag::Kept("table" | "tbody" | "tr")) {
            at = self.page.nodes[at].parent;
        }
        at
    }

    /// The events of the article in its element: from the first to the last part that is marked as
    /// its text, where that is most of it, and a standfirst before it.
    fn body_of(&self, root: usize) -> std::ops::Range<usize> {
        let node = &self.page.nodes[root];
        // Of a cell that holds the page's text only what is in it; of a page all.
        let whole =
            if node.tag.is_cell() { node.first + 1..node.last } else { node.first..node.last };
        if node.marks.has(Marks::BODY) {
            return self.parts_beside(root);
        }
        let inside = root + 1..self.page.nodes.partition_point(|n| n.first < node.last);
        let parts = self.parts(inside);
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return whole };
        let good: usize = parts.iter().map(|part| self.weights[*part].good).sum();
        if good * 10 < self.weights[root].good * 7 {
            return whole;
        }
        let first = self.page.nodes[*first].first;
        let lead = self.letters_between(whole.start, first);
        let start = if lead >= LEAD_LETTERS_MIN { whole.start } else { first };
        start..self.page.nodes[*last].last
    }

    /// The events from the first to the last of the parts that make one article with this one: page
    /// builders cut a text into several.
    fn parts_beside(&self, part: usize) -> std::ops::Range<usize> {
        let mine = self.article_around(part);
        let parts = self.parts(0..self.page.nodes.len());
        let mut parts = parts.into_iter().filter(|other| self.article_around(*other) == mine);
        let first = parts.next().unwrap_or(part);
        let last = parts.next_back().unwrap_or(first);
        self.page.nodes[first].first..self.page.nodes[last].last
    }

    /// The outermost elements in a range that are marked as an article's text.
    fn parts(&self, range: std::ops::Range<usize>) -> Vec<usize> {
        let mut parts: Vec<usize> = Vec::new();
        for index in range {
            let part = &self.page.nodes[index];
            let nested = parts.last().is_some_and(|p| part.first < self.page.nodes[*p].last);
            if part.marks.has(Marks::BODY) && !self.dropped[index] && !nested {
                parts.push(index);
            }
        }
        parts
    }

    /// The closest `<article>` around an element; 0 where there is none.
    fn article_around(&self, index: usize) -> usize {
        let mut at = index;
        while at > 0 && self.page.nodes[at].tag != Tag::Article {
            at = self.page.nodes[at].parent;
        }
        at
    }

    /// Letters between two events, outside of links, headings and what is dropped.
    fn letters_between(&self, from: usize, to: usize) -> usize {
        let mut open = Vec::new();
        let mut count = 0;
        for event in &self.page.events[from..to] {
            match event {
                Event::Open(node) => {
                    let tag = self.page.nodes[*node].tag;
                    let skip = self.dropped[*node] || tag.heading().is_some() || tag == Tag::Link;
                    open.push(skip || open.last().copied().unwrap_or_default());
                }
                Event::Close(_) => {
                    open.pop();
                }
                Event::Text(a, b) if !open.last().copied().unwrap_or_default() => {
                    count += letters(&self.page.text[*a..*b]);
                }
                Event::Text(..) | Event::Break => {}
            }
        }
        count
    }

    /// Leaves out a heading such as "Related posts" and its box to the next heading of its level.
    fn drop_endings(&self, range: std::ops::Range<usize>, out: &mut [bool]) {
        // (the heading's box, its level): what follows in that box goes.
        let mut ending: Option<(usize, u8)> = None;
        for event in &self.page.events[range] {
            let Event::Open(index) = *event else { continue };
            let node = &self.page.nodes[index];
            let heading =
                node.tag.heading().filter(|_| node.last - node.first <= HEADING_EVENTS_MAX);
            if let Some((parent, level)) = ending {
                let ends = node.first >= self.page.nodes[parent].last
                    || heading.is_some_and(|own| own <= level);
                if ends {
                    ending = None;
                } else {
                    out[index] |= node.parent == parent;
                    continue;
                }
            }
            let Some(level) = heading else { continue };
            let text = folded(self.page.text_of(node));
            if ENDING_HEADINGS.contains(&text.as_str()) || text.starts_with("more from ") {
                // A heading alone in its box stands for the box.
                let mut at = index;
                let mine = self.weights[index].all;
                while at > 0 && self.weights[self.page.nodes[at].parent].all == mine {
                    at = self.page.nodes[at].parent;
                }
                out[at] = true;
                ending = Some((self.page.nodes[at].parent, level));
            }
        }
    }

    /// Writes events as HTML, without what is left out.
    fn write(&self, range: std::ops::Range<usize>, out: &[bool]) -> String {
        let mut html = String::new();
        let (mut at, end) = (range.start, range.end);
        while at < end {
            let event = self.page.events[at];
            at += 1;
            match event {
                Event::Open(index) => {
                    let node = &self.page.nodes[index];
                    let empty = self.weights[index].all == 0 && !node.tag.is_cell();
                    if out[index] || empty {
                        at = node.last;
                    } else if let Some(name) = written(node.tag) {
                        html.push('<');
                        html.push_str(name);
                        html.push('>');
                    }
                }
                Event::Close(index) => {
                    // Of an element that began before the range nothing is written.
                    if let Some(name) = written(self.page.nodes[index].tag)
                        && self.page.nodes[index].first >= range.start
                    {
                        html.push_str("</");
                        html.push_str(name);
                        html.push('>');
                    }
                }
                Event::Break => html.push_str("<br>"),
                Event::Text(from, to) => escape_into(&self.page.text[from..to], &mut html),
            }
        }
        html
    }
}

/// A heading is a short thing, in events; else a heading that is never closed is read over and over.
const HEADING_EVENTS_MAX: usize = 64;

/// The name under which an element is written.
fn written(tag: Tag) -> Option<&'static str> {
    match tag {
        Tag::Kept(name) => Some(name),
        Tag::Inline | Tag::Link => None,
        _ => Some("div"),
    }
}

/// Letters and digits in lower case, words apart by one space.
fn folded<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut folded = String::new();
    for text in texts {
        for c in text.chars() {
            if c.is_alphanumeric() {
                folded.extend(c.to_lowercase());
            } else if c.is_whitespace() && !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Characters that are no white space, tags not counted.
fn letters(html: &str) -> usize {
    let mut inside = false;
    let mut count = 0;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside && !c.is_whitespace() => count += 1,
            _ => {}
        }
    }
    count
}

/// Adds text to HTML.
fn escape_into(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '&' => html.push_str("&amp;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_article_is_found_in_its_page() {
        for (page, title, expected) in [
            (
                "<body><nav><p>Home</nav><main><article><h1>T</h1><p>A &amp; B</article></main><footer>f</footer>",
                "",
                "<div><h1>T</h1><p>A &amp; B</p></div>",
            ),
            ("<body><main><p>A</main><footer>f</footer>", "", "<div><p>A</p></div>"),
            ("<body><nav>n</nav><p>A<footer>f</footer></body>", "", "<div><p>A</p></div>"),
            ("<p>just this", "", "<p>just this</p>"),
            ("<article>x</article><article>longer one</article>", "", "<div>longer one</div>"),
            ("<article>cut", "", "<div>cut</div>"),
            ("<footer>All that there is</footer>", "", "<div>All that there is</div>"),
            ("", "", ""),
            // The title is told once.
            ("<h1>New <b>members</b></h1><p>A", "New members", "<p>A</p>"),
            (
                "<h1>New members of the foundation</h1><p>A",
                "New members of the foundation in 2026",
                "<p>A</p>",
            ),
            ("<h1>Members</h1><p>A", "New members", "<h1>Members</h1><p>A</p>"),
            // Lists and tables whose ends are implied; a stray end tag in a cell.
            (
                "<article><ul><li>A<li>B</ul><table><tr><td>C</div><td>D</table></article>",
                "",
                "<div><ul><li>A</li><li>B</li></ul><table><tr><td>C</td><td>D</td></tr></table></div>",
            ),
            // What follows "Related posts" in its box, to the next heading of its level.
            (
                "<article><p>A<h3>Related posts</h3><p>B<h4>C</h4><h3>D</h3><p>E</article>",
                "",
                "<div><p>A</p><h3>D</h3><p>E</p></div>",
            ),
            (
                "<article><p>A<div><div><h3>Related posts</h3></div><p>B</div><p>C</article>",
                "",
                "<div><p>A</p><div></div><p>C</p></div>",
            ),
            // A search form is left out; one around the page is not.
            ("<article>A<form>Search</form> B and more</article>", "", "<div>A B and more</div>"),
            ("<form><p>All of it</form>", "", "<div><p>All of it</p></div>"),
            ("<script>var a = '<article>no</article>'</script><p>A", "", "<p>A</p>"),
        ] {
            assert_eq!(article_html(page, title), expected, "{page}");
        }
    }

    #[test]
    fn a_class_is_not_believed_of_what_holds_the_article() {
        let text = "<p>Meridian Cloud has joined the Open Lattice Foundation as a member.</p>";
        for page in [
            format!("<body class='sidebar newsletter'><h1>T</h1>{text}</body>"),
            format!("<div class='newsletter'><div class='entry-content'>{text}</div></div>"),
            format!("<div class='social'><main>{text}</main></div><p>{}", "word ".repeat(40)),
            format!("<body style='display:none'>{text}</body>"),
        ] {
            assert!(article_html(&page, "").contains("Meridian Cloud"), "{page}");
        }
    }

    #[test]
    fn a_standfirst_is_read_and_the_boxes_behind_the_text_are_not() {
        let body = format!("<div class='article-body'><p>{}</p></div>", "word ".repeat(50));
        let first = "Meridian Cloud has joined the Open Lattice Foundation as a Gold member.";
        let page = format!("<article><p>{first}</p>{body}<div><p>About Ana</p></div></article>");
        let html = article_html(&page, "");
        assert!(html.contains(first) && !html.contains("About Ana"), "{html}");
        let bare = article_html(&page.replace(first, "24 Nov"), "");
        assert!(!bare.contains("24 Nov"), "{bare}");
    }

    #[test]
    fn hostile_pages_stay_bounded() {
        let deep = "<div>".repeat(200_000) + "deep" + &"</div>".repeat(200_000) + "<p>after";
        let html = article_html(&deep, "T");
        assert!(html.contains("deep") && html.contains("after") && html.len() < 10_000);
        for part in [
            "<h2>Related posts",
            "<b><p>",
            "<p><table><td>",
            "<ul><li class='share'>x",
            "</div></p>",
            "<article class=entry-content>a",
            "<div><h1>x",
            "<a href=x>y",
            "<!-- <",
            "<p class='a b c d e f g h i j'>",
        ] {
            let html = article_html(&part.repeat(150_000 / part.len()), "Related posts");
            assert!(html.len() < 8 * 1024 * 1024, "{part}: {}", html.len());
        }
        let flood = "word ".repeat(1024 * 1024);
        assert!(article_html(&flood, "").len() < 5 * 1024 * 1024);
        assert_eq!(article_html(&format!("{}<p>A", "<script>{".repeat(10_000)), ""), "");
    }
}
