//! Signing in over HTTP: passwords, sessions, tokens.

use http::header::{COOKIE, HeaderValue, ORIGIN, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies::Paging;
use super::call::Call;
use super::reply::{Failure, Reply, Response, no_content, ok, with_status};
use crate::auth::{Auth, Claim, Identity, Need, NewToken, Opened, Origin, Session, Token, User};
use crate::base::{Page, SessionId, Timestamp, TokenId, UserId};
use crate::error::Error;

/// Who is signed in, as a page needs to know it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Standing {
    signed_in: bool,
    password_set: bool,
    user: Option<User>,
    session: Option<CurrentSession>,
    may: Vec<&'static str>,
    setup_needs_claim: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct CurrentSession {
    id: SessionId,
    expires_at: Timestamp,
}

/// The cookie's name; it tells two data folders on one host apart, for cookies ignore ports.
fn cookie_name(auth: &Auth) -> String {
    format!("inglenook_{}", auth.instance())
}

/// The secret of a session, as a browser sends it.
pub(super) fn session_cookie<'a>(headers: &'a HeaderMap, auth: &Auth) -> Option<&'a str> {
    let name = cookie_name(auth);
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, secret)| secret)
}

fn with_cookie(mut response: Response, call: &Call, secret: &str, seconds: u64) -> Response {
    // Only a browser behind TLS names such an origin.
    let origin = call.head.headers.get(ORIGIN).map_or(&b""[..], HeaderValue::as_bytes);
    let secure = if origin.starts_with(b"https://") { "; Secure" } else { "" };
    let name = cookie_name(&call.app().auth);
    let cookie =
        format!("{name}={secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    if let Ok(mut value) = HeaderValue::from_str(&cookie) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

fn from(call: &Call) -> Origin {
    let agent = call.head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        address: call.head.peer.ip().to_canonical().to_string(),
        agent: agent.unwrap_or_default().to_owned(),
    }
}

async fn signed_in(call: &Call, who: Option<&Identity>) -> Result<Standing, Failure> {
    let auth = &call.app().auth;
    let user = match who {
        Some(who) => Some(auth.user(who.user).await?),
        None => None,
    };
    let may = |need: &Need| who.is_some_and(|who| who.may(*need));
    let session = who.and_then(Identity::session);
    Ok(Standing {
        signed_in: who.is_some(),
        password_set: auth.is_locked(),
        user,
        session: session
            .zip(who.and_then(Identity::ends_at))
            .map(|(id, expires_at)| CurrentSession { id, expires_at }),
        may: Need::TOLD.iter().filter(|need| may(need)).map(|need| need.as_str()).collect(),
        setup_needs_claim: !auth.is_locked(),
    })
}

/// What a fresh session answers: who it is, and the cookie.
async fn opened(call: &Call, opened: Opened) -> Reply {
    let auth = &call.app().auth;
    let credentials = crate::auth::Credentials {
        session: Some(opened.secret.expose_secret()),
        ..crate::auth::Credentials::default()
    };
    let who = auth.identify(credentials).await?;
    let body = signed_in(call, who.as_deref()).await?;
    Ok(with_cookie(ok(&body)?, call, opened.secret.expose_secret(), life(call)))
}

fn life(call: &Call) -> u64 {
    call.app().config().server.session_expiry.as_secs()
}

/// Who asks.
#[utoipa::path(get, path = "/auth/session", responses((status = 200, body = Standing)))]
pub(super) async fn session(call: Call) -> Reply {
    let who = call.head.identity.as_deref();
    let answer = ok(&signed_in(&call, who).await?)?;
    let cookie = session_cookie(&call.head.headers, &call.app().auth);
    match cookie.filter(|_| who.and_then(Identity::session).is_some()) {
        // The session lives on with its use, so its cookie must.
        Some(secret) => Ok(with_cookie(answer, &call, secret, life(&call))),
        None => Ok(answer),
    }
}

/// A name and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Login)]
struct NameAndPassword {
    /// The owner, unless it is said.
    username: Option<String>,
    #[schema(value_type = String, write_only)]
    password: SecretString,
}

/// Opens a session for a name and its password.
#[utoipa::path(
    post,
    path = "/auth/login",
    request_body = NameAndPassword,
    responses(
        (status = 200, body = Standing, description = "Signed in; the answer sets the cookie"),
        (status = 401, description = "`wrong_password`: the name or the password is wrong"),
    ),
)]
pub(super) async fn login(mut call: Call) -> Reply {
    let NameAndPassword { username, password } = call.json().await?;
    // What it says is not kept under a key: the password is in it, and is looked at every time.
    call.sent(&[]);
    let once = call.caller.once.clone();
    let session = call.app().auth.sign_in(once, username, password, from(&call)).await?;
    opened(&call, session).await
}

/// How much ends.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Logout {
    /// All sessions of the caller, not this alone.
    #[serde(default)]
    everywhere: bool,
}

/// Ends this session, or all of the caller's.
#[utoipa::path(
    post,
    path = "/auth/logout",
    request_body = Option<Logout>,
    responses((status = 204, description = "Signed out; the answer clears the cookie")),
)]
pub(super) async fn logout(mut call: Call) -> Reply {
    let Logout { everywhere } = call.json_or_empty().await?;
    call.app().auth.sign_out(&call.caller, call.who()?, everywhere).await?;
    Ok(with_cookie(no_content()?, &call, "", 0))
}

/// Another password, and by what right.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    #[schema(value_type = String, min_length = 8, max_length = 1024, write_only)]
    new: SecretString,
    /// The password of now.
    #[schema(value_type = Option<String>, write_only)]
    current: Option<SecretString>,
    /// A one-time link's secret, instead.
    #[schema(value_type = Option<String>, write_only)]
    claim: Option<SecretString>,
    /// With a claim: the name that an invited person chooses.
    username: Option<String>,
}

/// Sets a password, with the current one or with a one-time link.
#[utoipa::path(
    post,
    path = "/auth/password",
    request_body = NewPassword,
    responses(
        (status = 200, body = Standing, description = "Set; every other session and token has ended, and the answer sets the cookie"),
    ),
)]
pub(super) async fn password(mut call: Call) -> Reply {
    let NewPassword { new, current, claim, username } = call.json().await?;
    let (auth, from) = (&call.app().auth, from(&call));
    let session = match (claim, current) {
        (Some(claim), None) => auth.claim_password(&claim, username, new, from).await?,
        (None, Some(current)) => auth.change_password(person(&call)?, current, new, from).await?,
        (None, None) => auth.force_password(person(&call)?, username, new, from).await?,
        (Some(_), Some(_)) => {
            let message = "send the current password or a claim, not both";
            return Err(Failure::invalid("claim", message));
        }
    };
    opened(&call, session).await
}

/// The caller, when they are somebody and not a token.
fn person(call: &Call) -> Result<&Identity, Failure> {
    let who = call.who()?;
    who.authorize(Need::Person)?;
    Ok(who)
}

/// A one-time link's secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClaimSecret)]
struct Secret {
    #[schema(value_type = String, write_only)]
    claim: SecretString,
}

/// What a one-time link is for.
#[utoipa::path(
    post,
    path = "/auth/claim",
    request_body = Secret,
    responses((status = 200, body = Claim)),
)]
pub(super) async fn claim(mut call: Call) -> Reply {
    let Secret { claim } = call.json().await?;
    ok(&call.app().auth.claim(&claim).await?)
}

/// Where the caller is signed in.
#[utoipa::path(
    get,
    path = "/auth/sessions",
    params(Paging),
    responses((status = 200, body = Page<Session>)),
)]
pub(super) async fn sessions(call: Call) -> Reply {
    let query = call.query()?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().auth.sessions(call.who()?, cursor, limit).await?)
}

/// Ends one.
#[utoipa::path(
    delete,
    path = "/auth/sessions/{id}",
    params(("id" = SessionId, Path)),
    responses((status = 204)),
)]
pub(super) async fn end_session(call: Call) -> Reply {
    let id = call.id("id", "session")?;
    call.app().auth.end_session(&call.caller, call.who()?, id).await?;
    no_content()
}

/// The caller's tokens.
#[utoipa::path(
    get,
    path = "/auth/tokens",
    params(Paging),
    responses((status = 200, body = Page<Token>)),
)]
pub(super) async fn tokens(call: Call) -> Reply {
    let query = call.query()?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    ok(&call.app().auth.tokens(call.who()?, cursor, limit).await?)
}

/// A token with its secret, told once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MadeToken)]
struct Made<'a> {
    #[serde(flatten)]
    made: &'a Token,
    /// The secret, told this once.
    token: &'a str,
}

/// Makes one. Its secret is shown this once.
#[utoipa::path(
    post,
    path = "/auth/tokens",
    request_body = NewToken,
    responses((status = 201, body = Made)),
)]
pub(super) async fn create_token(mut call: Call) -> Reply {
    let new: NewToken = call.json().await?;
    let made = call.app().auth.create_token(&call.caller, call.who()?, new).await?;
    let (token, secret) = made;
    with_status(StatusCode::CREATED, &Made { made: &token, token: secret.expose_secret() })
}

/// Ends one.
#[utoipa::path(
    delete,
    path = "/auth/tokens/{id}",
    params(("id" = TokenId, Path)),
    responses((status = 204)),
)]
pub(super) async fn revoke_token(call: Call) -> Reply {
    let id = call.id("id", "token")?;
    call.app().auth.revoke_token(&call.caller, call.who()?, id).await?;
    no_content()
}

/// A link that sets a password once, as whoever made it hands it on.
#[derive(Serialize, ToSchema)]
pub(super) struct Link<'a> {
    /// Whose password it sets.
    user: User,
    /// The secret in it, told this once.
    claim: &'a str,
    url: String,
    expires_at: Timestamp,
}

/// Answers with such a link.
pub(super) fn link(
    call: &Call,
    (user, claim, expires_at): (User, SecretString, Timestamp),
) -> Reply {
    let origin = call.head.headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let host = call.head.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
    let origin = origin
        .filter(|origin| *origin != "null")
        .map_or_else(|| format!("http://{}", host.unwrap_or("localhost")), str::to_owned);
    let claim = claim.expose_secret();
    let url = format!("{origin}/setup#{claim}");
    with_status(StatusCode::CREATED, &Link { user, claim, url, expires_at })
}

/// What a stranger owns.
pub(super) const NOBODY: UserId = UserId::fixed(0);

/// The refusal of somebody who brought no credentials.
pub(super) fn sign_in_first() -> Error {
    Error::NotSignedIn {
        code: "not_signed_in",
        message: "sign in first, or send a token as Authorization: Bearer".to_owned(),
    }
}
