// On to the provider, where the session ends, too; without scripts the button does it.
document.querySelector("form[data-at-once]")?.submit();
