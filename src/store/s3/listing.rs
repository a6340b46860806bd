//! The pages of a listing: keys of a span, and folders below a prefix.
//!
//! Nothing here reads an object, and no listing goes on for ever.

use std::collections::HashSet;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;

use super::attempt::{Failure, lively, persist};
use super::{Bucket, Dated, Error, Span};

/// The longest listing, in pages of a thousand keys.
const MAX_PAGES: usize = 5000;

/// Tokens of pages, each of which comes once.
#[derive(Default)]
pub(super) struct Pages {
    token: Option<String>,
    seen: HashSet<String>,
}

impl Bucket {
    /// Every key of a span.
    pub(super) async fn list(&self, span: &Span) -> Result<Vec<Dated>, Error> {
        let prefix = &self.object(&span.prefix);
        let after = span.after.as_deref().map(|after| self.object(after));
        let mut keys = Vec::new();
        let mut pages = Pages::default();
        loop {
            let mut is_behind = false;
            let page = self.page(prefix, after.clone(), None, &pages).await?;
            for object in page.contents.unwrap_or_default() {
                let key = object.key.unwrap_or_default();
                if let Some(key) = key.strip_prefix(&self.prefix)
                    // Consoles make empty objects to show a folder.
                    && !key.ends_with('/')
                {
                    is_behind |= span.is_behind(key);
                    if span.holds(key) {
                        keys.push(Dated {
                            key: key.to_owned(),
                            came: object.last_modified.and_then(|at| at.try_into().ok()),
                        });
                    }
                }
            }
            let is_enough = is_behind && self.is_sorted();
            if is_enough || !self.next(&mut pages, page.next_continuation_token, prefix)? {
                break;
            }
        }
        // S3 sorts by itself, directory buckets and some other servers do not.
        keys.sort_unstable();
        Ok(keys)
    }

    /// The folders right below a prefix, each with a slash at its end.
    pub(super) async fn folders(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let prefix = &self.object(prefix);
        let mut folders = Vec::new();
        let mut pages = Pages::default();
        loop {
            let page = self.page(prefix, None, Some("/"), &pages).await?;
            for common in page.common_prefixes.unwrap_or_default() {
                let folder = common.prefix.unwrap_or_default();
                folders.extend(folder.strip_prefix(&self.prefix).map(str::to_owned));
            }
            if !self.next(&mut pages, page.next_continuation_token, prefix)? {
                break;
            }
        }
        folders.sort_unstable();
        Ok(folders)
    }

    async fn page(
        &self,
        prefix: &str,
        after: Option<String>,
        delimiter: Option<&str>,
        pages: &Pages,
    ) -> Result<ListObjectsV2Output, Error> {
        let client = self.client().await?;
        persist(self.options.patience, || {
            let call = client
                .list_objects_v2()
                .bucket(&self.name)
                .prefix(prefix)
                .set_start_after(after.clone())
                .set_delimiter(delimiter.map(str::to_owned))
                .set_continuation_token(pages.token.clone())
                .set_expected_bucket_owner(self.options.expected_owner.clone())
                .send();
            lively(self.options.silence, None, async {
                call.await.map_err(|error| Failure::read(&error))
            })
        })
        .await
        .map_err(|failure| failure.into_error("list", self.place(prefix)))
    }

    /// Whether there is a page behind this one.
    pub(super) fn next(
        &self,
        pages: &mut Pages,
        token: Option<String>,
        prefix: &str,
    ) -> Result<bool, Error> {
        pages.token = token;
        let Some(token) = &pages.token else {
            return Ok(false);
        };
        // A token that came before leads in a circle.
        let is_new = pages.seen.insert(token.clone());
        if is_new && pages.seen.len() <= MAX_PAGES {
            return Ok(true);
        }
        Err(Error::Refused {
            what: "list",
            place: self.place(prefix),
            code: "no end".to_owned(),
            message: match is_new {
                true => "the listing goes on and on".to_owned(),
                false => "the listing begins again where it was".to_owned(),
            },
        })
    }

    /// Directory buckets list in no order.
    fn is_sorted(&self) -> bool {
        !self.name.ends_with("--x-s3")
    }
}
