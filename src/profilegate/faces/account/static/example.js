// A page of your own: the element, an API base, and a way to the user's access token.
const settings = document.querySelector("profile-settings");
const field = document.querySelector("#token");
settings.setAttribute("api", new URL("../..", location.href).href);
field.addEventListener("change", () => { settings.token = async () => field.value.trim(); });
settings.addEventListener("profile-saved", (event) => console.info("saved", event.detail.name));
