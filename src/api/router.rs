//! Routes: a table from path and method to a door function. A path that is known under another method
//! answers 405 with `Allow`; nothing rejects once a route has matched, so no error masks another.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use http::header::{ALLOW, HeaderValue};
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tower_service::Service as _;
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{HttpMethod, RefOr};
use warp::Filter as _;
use warp::filters::BoxedFilter;

use super::call::{Call, Head, body_of};
use super::reply::{Failure, Reply, Response};
use super::upgrade::Handshake;
use crate::auth::Need;
use crate::error::Error;
use crate::limits::Class;

/// What a route is for, as far as limits and guards care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Counted in a bucket.
    Counted(Class),
    /// A stream of events: counted, and its origin is checked though it is a GET.
    Stream,
    /// A WebSocket.
    Socket,
    /// Never limited: health and the UI's own files.
    Free,
}

impl Kind {
    /// The bucket it is counted in.
    pub(crate) fn class(self) -> Option<Class> {
        match self {
            Self::Counted(class) => Some(class),
            Self::Stream | Self::Socket => Some(Class::Api),
            Self::Free => None,
        }
    }

    /// Whether another site's page could read along.
    pub(crate) fn opens_stream(self) -> bool {
        matches!(self, Self::Stream | Self::Socket)
    }
}

/// One route.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) need: Need,
    pub(crate) kind: Kind,
    /// The names that its query may have, as it is described.
    pub(crate) takes: Arc<[String]>,
    pub(crate) about: Option<About>,
    filter: BoxedFilter<(Response,)>,
}

/// Where the description of a route is: what stands above its door function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// The file of the door function, and its name.
    pub(crate) name: (&'static str, &'static str),
    pub(crate) operation: fn() -> Operation,
    pub(crate) schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
}

/// A door function as the list names it: `door!(notes::create, CHAT, API)`. Method, path and
/// description are those of its `#[utoipa::path]`.
macro_rules! door {
    ($module:ident::$door:ident, $need:expr, $kind:expr) => {
        pastey::paste! {
            $crate::api::router::plain($module::$door)
                .described::<$module::[<__path_ $door>]>(
                    (stringify!($module), stringify!($door)), $need, $kind,
                )
        }
    };
}

/// A door function that is given a WebSocket, as the list names it.
macro_rules! socket {
    ($module:ident::$door:ident, $need:expr) => {
        pastey::paste! {
            $crate::api::router::upgrading($module::$door)
                .described::<$module::[<__path_ $door>]>(
                    (stringify!($module), stringify!($door)), $need, Kind::Socket,
                )
        }
    };
}

pub(crate) use {door, socket};

/// A door function without its route.
pub(crate) struct Door(BoxedFilter<(Response,)>);

impl Door {
    /// The route that its description makes it.
    pub(crate) fn described<P: utoipa::Path + SchemaReferences>(
        self,
        name: (&'static str, &'static str),
        need: Need,
        kind: Kind,
    ) -> Route {
        let method = match P::methods().first() {
            Some(HttpMethod::Post) => Method::POST,
            Some(HttpMethod::Put) => Method::PUT,
            Some(HttpMethod::Patch) => Method::PATCH,
            Some(HttpMethod::Delete) => Method::DELETE,
            _ => Method::GET,
        };
        let parameters = P::operation().parameters.unwrap_or_default().into_iter();
        let takes = parameters.filter_map(|parameter| match parameter {
            RefOr::T(it) if it.parameter_in == ParameterIn::Query => Some(it.name),
            _ => None,
        });
        let takes = takes.collect();
        let about = About { name, operation: P::operation, schemas: P::schemas };
        Route { method, path: P::path(), need, kind, takes, about: Some(about), filter: self.0 }
    }

    /// A page of the UI, or one of its files: no part of the API.
    pub(crate) fn page(self, path: &str) -> Route {
        let takes = Arc::default();
        let (method, path) = (Method::GET, path.to_owned());
        let (need, kind) = (Need::Nothing, Kind::Free);
        Route { method, path, need, kind, takes, about: None, filter: self.0 }
    }
}

/// A door function that is given the whole call.
pub(crate) fn plain<F, A>(door: F) -> Door
where
    F: Fn(Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Reply> + Send,
{
    let filter = warp::ext::get::<Arc<Head>>()
        .and(warp::body::stream())
        .then(move |head: Arc<Head>, body| {
            let door = door.clone();
            let body = body_of(body);
            answer(head, move |head| async move { door(Call::new(head, Some(body))?).await })
        })
        .boxed();
    Door(filter)
}

/// A door function that becomes a WebSocket.
pub(crate) fn upgrading<F, A>(door: F) -> Door
where
    F: Fn(Call, Handshake) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Reply> + Send,
{
    let filter = warp::ext::get::<Arc<Head>>()
        .and(warp::ext::optional::<OnUpgrade>())
        .then(move |head: Arc<Head>, upgrade: Option<OnUpgrade>| {
            let door = door.clone();
            answer(head, move |head| async move {
                let handshake = Handshake::of(&head.headers, upgrade);
                let handshake = handshake.ok_or_else(Handshake::required)?;
                door(Call::new(head, None)?, handshake).await
            })
        })
        .boxed();
    Door(filter)
}

/// Runs a door function; a failure becomes an error body, and so does a panic.
async fn answer<F, A>(head: Arc<Head>, door: F) -> Response
where
    F: FnOnce(Arc<Head>) -> A,
    A: Future<Output = Reply>,
{
    let request_id = Arc::clone(&head.request_id);
    let done = AssertUnwindSafe(async { door(head).await }).catch_unwind().await;
    let reply = done.unwrap_or_else(|_| {
        Err(Error::internal("answering a request", "the door function panicked").into())
    });
    reply.unwrap_or_else(|failure| failure.into_response(&request_id))
}

/// All routes of one tree.
pub(crate) struct Table {
    paths: matchit::Router<Vec<Route>>,
}

/// What a path and method lead to.
pub(crate) enum Found<'t> {
    /// This route, with the parts of the path.
    Route(&'t Route, Vec<(String, String)>),
    /// The path is known, but not with this method.
    WrongMethod(Failure),
    /// Nothing.
    Nothing,
}

impl Table {
    /// Builds the table; a malformed path is a bug that the first test shows.
    pub(crate) fn new(routes: Vec<Route>) -> Result<Self, matchit::InsertError> {
        let mut by_path: Vec<(String, Vec<Route>)> = Vec::new();
        for route in routes {
            match by_path.iter_mut().find(|(path, _)| *path == route.path) {
                Some((_, same)) => same.push(route),
                None => by_path.push((route.path.clone(), vec![route])),
            }
        }
        let mut paths = matchit::Router::new();
        for (path, routes) in by_path {
            paths.insert(path, routes)?;
        }
        Ok(Self { paths })
    }

    /// Looks a path up. HEAD is answered as GET, whose body hyper leaves out.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(matched) = self.paths.at(path) else { return Found::Nothing };
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        match matched.value.iter().find(|route| route.method == *wanted) {
            Some(route) => {
                let decode = |text: &str| {
                    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
                };
                let params = matched.params.iter().map(|(k, v)| (k.to_owned(), decode(v)));
                Found::Route(route, params.collect())
            }
            None => {
                let methods = matched.value.iter().map(|route| route.method.as_str());
                let allow = methods.collect::<Vec<_>>().join(", ");
                let message = format!("{method} is not possible here; use {allow}");
                let failure =
                    Failure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
                let value = HeaderValue::from_str(&allow);
                Found::WrongMethod(match value {
                    Ok(value) => failure.with_header(ALLOW, value),
                    Err(_) => failure,
                })
            }
        }
    }
}

impl Route {
    /// Runs the door function.
    pub(crate) fn call(
        &self,
        head: Arc<Head>,
        mut request: Request<Incoming>,
    ) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        request.extensions_mut().insert(head);
        let mut service = warp::service(self.filter.clone());
        let called = service.call(request);
        Box::pin(async move {
            match called.await {
                Ok(response) => response,
                Err::<_, Infallible>(never) => match never {},
            }
        })
    }
}
