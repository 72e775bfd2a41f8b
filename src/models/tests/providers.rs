//! Adding, changing and removing providers, and what becomes of their keys.

use super::*;
use crate::base::Once;
use crate::error::Error as CapabilityError;
use fake::good;

fn change() -> ProviderChange {
    ProviderChange::default()
}

fn field(error: &CapabilityError) -> &str {
    match error {
        CapabilityError::Invalid { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_is_shown_by_its_end_and_dropped_with_the_address_it_was_for() {
    let bench = Bench::new().await;
    let caller = Caller::owner();
    let id =
        bench.add("openai", "http://127.0.0.1:9/v1/", Some(" sk-secret-key-1234\n")).await.provider;
    let shown = bench.models.get_provider(&caller, id).unwrap();
    assert_eq!(shown.api_key.as_deref(), Some("…1234"));
    assert_eq!(shown.base_url.as_deref(), Some("http://127.0.0.1:9/v1"));
    let json = serde_json::to_string(&shown).unwrap();
    assert!(!json.contains("secret") && json.contains("\"kind\":\"openai\""));

    let named = ProviderChange { name: Some("New name".to_owned()), ..change() };
    let shown = bench.models.update_provider(&caller, id, named).await.unwrap();
    assert_eq!((shown.name.as_str(), shown.api_key.as_deref()), ("New name", Some("…1234")));
    let same = ProviderChange { base_url: Some("127.0.0.1:9".to_owned()), ..change() };
    let shown = bench.models.update_provider(&caller, id, same).await.unwrap();
    assert_eq!(shown.api_key.as_deref(), Some("…1234"));
    let moved = ProviderChange { base_url: Some("http://127.0.0.1:10".to_owned()), ..change() };
    let shown = bench.models.update_provider(&caller, id, moved).await.unwrap();
    assert_eq!(shown.api_key, None);
    let keyed = ProviderChange { api_key: Some(Some("sk-other-key-5678".into())), ..change() };
    let shown = bench.models.update_provider(&caller, id, keyed).await.unwrap();
    assert_eq!(shown.api_key.as_deref(), Some("…5678"));
    let cleared = ProviderChange { api_key: Some(None), ..change() };
    assert_eq!(bench.models.update_provider(&caller, id, cleared).await.unwrap().api_key, None);
}

#[tokio::test]
async fn keys_outlive_a_restart_and_a_lost_key_file_is_no_crash() {
    let server = Fake::chat(|_| good()).await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, Some("sk-secret-key-1234")).await;
    bench.models.store().close().await.unwrap();
    let bench = Bench::over(bench.folder, quick()).await;
    assert_eq!(bench.answer(&model).await.0, "Hello, world.");
    assert!(server.last().text.contains("Bearer sk-secret-key-1234"));
    bench.models.store().close().await.unwrap();
    std::fs::remove_file(bench.folder.path().join("secret.key")).unwrap();
    let bench = Bench::over(bench.folder, quick()).await;
    assert_eq!(bench.code(&model).await, "key_unreadable");
    let keyed = ProviderChange { api_key: Some(Some("sk-other-key-5678".into())), ..change() };
    bench.models.update_provider(&Caller::owner(), model.provider, keyed).await.unwrap();
    assert_eq!(bench.answer(&model).await.0, "Hello, world.");
}

#[tokio::test]
async fn bad_input_names_its_field() {
    let bench = Bench::new().await;
    let new = |kind: &str| NewProvider { kind: kind.to_owned(), ..NewProvider::default() };
    for (input, at) in [
        (new("builtin"), "kind"),
        (NewProvider { name: Some(" ".to_owned()), ..new("openai") }, "name"),
        (NewProvider { base_url: Some("ftp://x".to_owned()), ..new("openai") }, "base_url"),
        (
            NewProvider { base_url: Some("http://169.254.169.254".to_owned()), ..new("ollama") },
            "base_url",
        ),
        (NewProvider { api_key: Some("sk\nx".into()), ..new("openai") }, "api_key"),
        (NewProvider { api_key: Some("schlüssel".into()), ..new("openai") }, "api_key"),
    ] {
        let error = bench.models.create_provider(&Caller::owner(), input).await.unwrap_err();
        assert_eq!(field(&error), at);
    }
    let error = bench.models.pick(&Caller::owner(), Some("nothing")).await.unwrap_err();
    assert_eq!(field(&error), "model");
    let gone = format!("{}/x", ProviderId::new());
    let error = bench.models.pick(&Caller::owner(), Some(&gone)).await.unwrap_err();
    assert_eq!(field(&error), "model");
}

#[tokio::test]
async fn the_same_idempotency_key_adds_one_provider() {
    let bench = Bench::new().await;
    let once = Once { key: "k".to_owned(), fingerprint: "f".to_owned() };
    let caller = Caller { once: Some(once), ..Caller::owner() };
    let new = || NewProvider {
        kind: "ollama".to_owned(),
        base_url: Some("http://127.0.0.1:9".to_owned()),
        ..NewProvider::default()
    };
    let one = bench.models.create_provider(&caller, new()).await.unwrap();
    let two = bench.models.create_provider(&caller, new()).await.unwrap();
    assert_eq!(one.id, two.id);
    assert_eq!(bench.models.list_providers(&caller).len(), 2);
}

#[tokio::test]
async fn what_is_built_in_is_shown_and_cannot_be_changed() {
    let mut settings = quick();
    settings.openai_api_key = Some("sk-from-env-9876".into());
    let bench = Bench::offline(settings).await;
    let caller = Caller::owner();
    let all = bench.models.list_providers(&caller);
    let kinds: Vec<_> = all.iter().map(|p| (p.kind, p.builtin)).collect();
    assert_eq!(kinds, [(Kind::Openai, true), (Kind::Passages, true)]);
    assert_eq!(all[0].api_key.as_deref(), Some("…9876"));
    for provider in all {
        let error = bench.models.delete_provider(&caller, provider.id).await.unwrap_err();
        assert!(matches!(error, CapabilityError::Conflict { code: "builtin", .. }));
    }
    bench.settings.lock().unwrap().openai_api_key = None;
    assert_eq!(bench.models.list_providers(&caller).len(), 1);
}

#[tokio::test]
async fn a_provider_belongs_to_the_house() {
    let bench = Bench::new().await;
    let model = bench.add("openai", "http://127.0.0.1:9", None).await;
    let other = Caller { user: UserId::new(), once: None };
    assert_eq!(bench.models.list_providers(&other), bench.models.list_providers(&Caller::owner()));
    let asked = bench.models.stream(&other, &model, &question(), |_| ()).await;
    assert_eq!(asked.unwrap_err().code(), "no_connection");
    bench.models.delete_provider(&Caller::owner(), model.provider).await.unwrap();
    assert_eq!(bench.ask(&model).await.unwrap_err().code(), "no_such_provider");
    let again = bench.models.delete_provider(&Caller::owner(), model.provider).await;
    assert!(matches!(again, Err(CapabilityError::NotFound { .. })));
}

#[tokio::test]
async fn one_that_is_off_is_not_asked() {
    let server = Fake::chat(|_| good()).await;
    let bench = Bench::new().await;
    let model = bench.add("openai", &server.url, None).await;
    let off = ProviderChange { enabled: Some(false), ..change() };
    bench.models.update_provider(&Caller::owner(), model.provider, off).await.unwrap();
    assert_eq!(bench.code(&model).await, "provider_off");
    assert_eq!(bench.models.list(&Caller::owner(), true).await.len(), 1);
}
