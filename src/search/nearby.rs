//! What means about the same, and may be shown.

use std::collections::HashSet;
use std::sync::Arc;

use super::Search;
use super::sight::Sight;
use crate::embeddings::{Direction, Kind};
use crate::error::Error;

/// How much further messages are looked for where the nearest may not be shown.
const FURTHER: usize = 8;

impl Search {
    /// Rows that are near in fact and not only nearer than the rest, best first.
    pub(super) async fn nearest(
        &self,
        kind: Kind,
        direction: &Direction,
        visible: Option<Arc<HashSet<i64>>>,
        limit: usize,
    ) -> Result<Vec<i64>, Error> {
        let least = self.live.now().search.min_similarity;
        let near = self.embeddings.nearest(kind, direction, visible, limit).await?;
        Ok(near.into_iter().filter(|one| one.score >= least).map(|one| one.item).collect())
    }

    /// Messages that are near and may be shown, best first. The `depth` nearest of all are looked at,
    /// and only where fewer than `wanted` of them may be shown, those that may be alone: to list the
    /// conversations of somebody with many takes longer than the rest of a search.
    pub(super) async fn messages_near(
        &self,
        direction: &Direction,
        sight: Sight,
        wanted: usize,
        depth: usize,
    ) -> Result<Vec<i64>, Error> {
        if sight.filters.conversation_id.is_none() {
            let near = self.nearest(Kind::Message, direction, None, depth).await?;
            let (all, looks) = (near.len() < depth, sight.clone());
            let shown = self.store.read(move |db| looks.shown(db, &near)).await?;
            if all || shown.len() >= wanted {
                return Ok(shown);
            }
        }
        let looks = sight.clone();
        let among = self.store.read(move |db| looks.conversations(db)).await?;
        let among = Some(Arc::new(among));
        let near = self.nearest(Kind::Message, direction, among, depth * FURTHER).await?;
        self.store.read(move |db| sight.shown(db, &near)).await
    }
}
