//! Annotations as short as one answer can hold them.

use crate::db::AnnotationRow;
use crate::sql::{TEXT, TITLE};

/// The most bytes of the annotations of one request that keep their texts whole.
const BYTES: usize = 8 * 1024 * 1024;
/// The most bytes of one annotation's tags.
const TAGS: usize = 4096;
/// What is left of each text when the bytes are used up, in characters.
const SHORT: u32 = 200;

/// Cuts texts, and counts the annotations whose texts it cut.
#[derive(Debug, Default)]
pub struct Shortener {
    held: usize,
    cut: usize,
}

impl Shortener {
    /// The annotation with its texts cut to what may be held.
    #[must_use]
    pub fn shortened(&mut self, mut row: AnnotationRow) -> AnnotationRow {
        let is_full = self.held + size(&row) > BYTES;
        let (title, text, tags) = if is_full { (SHORT, SHORT, SHORT as usize) } else { (TITLE, TEXT, TAGS) };
        let mut is_cut = false;
        for (member, most) in [(&mut row.title, title), (&mut row.text, text), (&mut row.id, TITLE)] {
            is_cut |= member.as_mut().is_some_and(|member| cut(member, most));
        }
        let (tagged, mut bytes) = (row.tags.len(), 0);
        row.tags.retain(|tag| {
            bytes += tag.len();
            bytes <= tags
        });
        row.tags.shrink_to_fit();
        self.cut += usize::from(is_cut || row.tags.len() < tagged);
        self.held += size(&row);
        row
    }

    /// What is to be said of what was cut.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let most = BYTES / 1024 / 1024;
        (self.cut > 0).then(|| {
            format!(
                "the texts of {} annotations are cut: a text may have {TEXT} characters, a title {TITLE}, and all \
                 annotations of a request {most} MiB",
                self.cut
            )
        })
    }
}

fn size(row: &AnnotationRow) -> usize {
    let texts = [&row.title, &row.text, &row.id].into_iter().flatten().map(String::len).sum::<usize>();
    texts + row.tags.iter().map(String::len).sum::<usize>()
}

/// Cuts a text behind so many characters; says whether it was longer.
fn cut(text: &mut String, most: u32) -> bool {
    let Some((at, _)) = text.char_indices().nth(most as usize) else { return false };
    text.truncate(at);
    text.push('…');
    text.shrink_to_fit();
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: usize, tags: usize) -> AnnotationRow {
        let text = Some("ä".repeat(text));
        AnnotationRow { start: Some(1), until: None, title: None, text, tags: vec!["t".repeat(100); tags], id: None }
    }

    #[test]
    fn texts_are_cut_and_counted() {
        let mut shortener = Shortener::default();
        assert_eq!(shortener.shortened(row(8192, 40)), row(8192, 40));
        assert_eq!(shortener.notice(), None);
        let short = shortener.shortened(row(8193, 50));
        assert_eq!((short.text.unwrap().chars().count(), short.tags.len()), (8193, 40));
        for _ in 0..1000 {
            let _held = shortener.shortened(row(8192, 0));
        }
        assert_eq!(shortener.shortened(row(8192, 3)).text.unwrap().chars().count(), 201);
        assert!(shortener.held < BYTES + 1000 * 500, "{}", shortener.held);
        assert!(shortener.notice().unwrap().starts_with("the texts of 49"), "{:?}", shortener.notice());
    }
}
