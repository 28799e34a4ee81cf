"""Every error that profilegate raises on purpose.

    ProfileGateError                     code                  status
    ├── Unauthenticated                                        401  who is calling is not known
    │   ├── InvalidSignature             invalid_signature     401  of a provider's delivery
    │   ├── SignInFailed                 sign_in_failed        401  at our own page
    │   ├── MissingCredentials           missing_credentials   401
    │   │   └── UnsupportedScheme                              401
    │   ├── InvalidToken                 invalid_token         401
    │   │   ├── ExpiredToken             expired_token         401
    │   │   ├── Revoked                  revoked               401
    │   │   └── InvalidProof             invalid_dpop_proof    401  of the possession of a key (RFC 9449)
    │   │       └── NonceRequired        use_dpop_nonce        401
    ├── InvalidRequest                   invalid_request       400  the credentials are malformed as a whole
    ├── Forbidden                                              403  known, but not allowed
    │   ├── InsufficientScope            insufficient_scope    403
    │   ├── NotPermitted                 not_permitted         403
    │   ├── Suspended                    suspended             403
    │   ├── CrossSite                    cross_site            403  a form of another site's page
    │   └── FieldNotEditable             field_not_editable    403
    ├── ProfileNotFound                  not_found             404
    │   ├── ApplicationNotFound          app_not_found         404
    │   ├── SourceNotFound               source_not_found      404
    │   ├── DeadLetterNotFound                                 404
    │   └── DocumentNotFound                                   404
    ├── BadInput
    │   ├── MalformedBody                malformed_body        400  not JSON at all
    │   ├── UnsupportedBody              unsupported_body      415
    │   ├── BodyTooLarge                 body_too_large        413
    │   ├── BodyBroken                   body_broken           400
    │   ├── BodyTooSlow                  body_too_slow         408
    │   ├── InvalidField                 invalid_field         422  names the field and the rule
    │   └── BulkRefused                  bulk_refused          422  names the items and their rules
    ├── UsernameTaken                    username_taken        422
    ├── DocumentExists                   document_exists       409
    ├── PreconditionFailed               precondition_failed   412
    ├── TooManyCreations                 rate_limited          429
    ├── Unavailable                                            503  our trouble, never the caller's
    │   ├── StoreUnavailable             store_unavailable     503
    │   └── ProviderUnavailable          provider_unavailable  503
    │       └── ProviderSilent                                 503
    └── InvalidConfiguration             configuration         raised at start only

`str(error)` is safe to show to the caller. What must stay inside (a driver's text, a
token's content) travels as `__cause__` and reaches only the log. Faces word errors in their own
contracts' codes; only those of RFC 6750 and RFC 9449 go out as they are, in `WWW-Authenticate`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class ProfileGateError(Exception):
    """The root. `status` is the HTTP status that a face gives unless its contract says otherwise."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    message: ClassVar[str] = "Something went wrong."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class Unauthenticated(ProfileGateError):
    """The caller is not known (RFC 9110: 401). Always answered with a challenge. `reason` is for the log."""

    code = "unauthenticated"
    status = 401
    message = "Authentication is required."

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason


class InvalidSignature(Unauthenticated):
    """A delivery that is not, or not now, the provider's. The reason is for the log and for `webhook` commands."""

    code = "invalid_signature"
    message = "The delivery's signature is not valid."


class SignInFailed(Unauthenticated):
    """A sign-in at our own page that did not come about. The reason is for the log."""

    code = "sign_in_failed"
    message = "The sign-in was not completed."


class MissingCredentials(Unauthenticated):
    """No bearer token was sent. The challenge carries no error code (RFC 6750, section 3)."""

    code = "missing_credentials"
    message = "A bearer token is required."


class UnsupportedScheme(MissingCredentials):
    """An `Authorization` header of another scheme than Bearer or DPoP."""


class InvalidToken(Unauthenticated):
    """The token is not one of ours to accept. The reason is for the log and for `verify-token`."""

    code = "invalid_token"
    message = "The access token is not valid."


class ExpiredToken(InvalidToken):
    """A genuine token whose `exp` has passed."""

    code = "expired_token"
    message = "The access token has expired."


class Revoked(InvalidToken):
    """A genuine token of a deleted user, or one issued before the user's tokens were revoked."""

    code = "revoked"


class InvalidProof(InvalidToken):
    """The DPoP proof that came with the token does not prove that the caller holds the token's key (RFC 9449)."""

    code = "invalid_dpop_proof"
    message = "The DPoP proof is not valid."


class NonceRequired(InvalidProof):
    """The proof lacks a nonce of ours, or has an old one. `nonce` is the one to use."""

    code = "use_dpop_nonce"
    message = "The DPoP proof must have the nonce that this answer gives."

    def __init__(self, nonce: str) -> None:
        super().__init__("its nonce is missing or too old")
        self.nonce = nonce


class InvalidRequest(ProfileGateError):
    """More than one credential, or headers that can be read in two ways (RFC 6750: `invalid_request`)."""

    code = "invalid_request"
    status = 400
    message = "The request carries more than one credential."


class Forbidden(ProfileGateError):
    """The caller is known and may not do this (RFC 9110: 403)."""

    code = "forbidden"
    status = 403
    message = "This is not permitted."


class InsufficientScope(Forbidden):
    """The token lacks a permission. `scope` is the scope that would give it, where one is configured."""

    code = "insufficient_scope"
    message = "The access token lacks the required permission."

    def __init__(self, permission: str, scope: str = "") -> None:
        super().__init__(f"The access token lacks the permission {permission!r}.")
        self.permission = permission
        self.scope = scope


class NotPermitted(Forbidden):
    """Somebody else's record, or an act for operators only."""

    code = "not_permitted"
    message = "Only the user or an operator may do this."


class Suspended(Forbidden):
    """The user is suspended, by the identity provider or by an operator."""

    code = "suspended"
    message = "The account is suspended."


class CrossSite(Forbidden):
    """A form that was sent from another site's page, or by a browser that does not say from where."""

    code = "cross_site"
    message = "This form was not sent from our page."


class FieldNotEditable(Forbidden):
    """The `[fields]` settings make this field read-only, or switch it off."""

    code = "field_not_editable"

    def __init__(self, field: str) -> None:
        super().__init__(f"The field {field!r} cannot be edited.")
        self.field = field


class ProfileNotFound(ProfileGateError):
    """There is no such record for this caller: never existed, erased, or in another tenant, all alike."""

    code = "not_found"
    status = 404
    message = "There is no such profile."


class ApplicationNotFound(ProfileNotFound):
    """No application of the tenant has this id."""

    code = "app_not_found"
    message = "There is no application of this app_id."


class SourceNotFound(ProfileNotFound):
    """No source of deliveries has this name."""

    code = "source_not_found"
    message = "There is no such source."


class DeadLetterNotFound(ProfileNotFound):
    """No dead letter of the caller's tenant has this id: it may have been replayed already."""

    message = "There is no such dead letter."


class DocumentNotFound(ProfileNotFound):
    """The application keeps nothing about this user, or there is no such application."""

    message = "There is no such document."


class DocumentExists(ProfileGateError):
    """The application keeps a document about this user already. Nothing was written."""

    code = "document_exists"
    status = 409
    message = "There is a document for this user and application already."


class BadInput(ProfileGateError):
    """What was sent cannot be taken. Nothing was written."""

    code = "bad_input"
    status = 400
    message = "The request is not valid."


class MalformedBody(BadInput):
    """The body is not UTF-8 JSON, or is nested too deeply."""

    code = "malformed_body"
    message = "The request body is not valid JSON."


class UnsupportedBody(BadInput):
    """The body's media type or encoding is not one that the face takes (RFC 9110: 415)."""

    code = "unsupported_body"
    status = 415
    message = "The request body must be application/json."


class BodyTooLarge(BadInput):
    """The body is over the configured limit."""

    code = "body_too_large"
    status = 413
    message = "The request body is too large."


class BodyBroken(BadInput):
    """The body ended, or was no body any more, before what was announced had come."""

    code = "body_broken"
    message = "The request body is not complete."


class BodyTooSlow(BadInput):
    """The client takes too long to send what it has announced (RFC 9110: 408)."""

    code = "body_too_slow"
    status = 408
    message = "The request body did not come in time."


class InvalidField(BadInput):
    """One field breaks one rule. `field` is the domain's name, `rule` a phrase that finishes "name ...".

    `reason` names the rule for faces that have codes of their own for some: "too_long", "pattern", "url" ...
    """

    code = "invalid_field"
    status = 422

    def __init__(self, field: str, rule: str, reason: str = "invalid") -> None:
        super().__init__(f"{field} {rule}.")
        self.field = field
        self.rule = rule
        self.reason = reason


class BulkRefused(BadInput):
    """Some items of a bulk cannot be taken, and so none was. `refused` tells of some, `total` counts all."""

    code = "bulk_refused"
    status = 422
    message = "Some items cannot be taken; nothing was written."

    def __init__(self, refused: Sequence[Mapping[str, Any]], total: int) -> None:
        super().__init__()
        self.refused = refused
        self.total = total


class UsernameTaken(ProfileGateError):
    """Another user of the tenant has this username, or one that compares equal."""

    code = "username_taken"
    status = 422
    message = "This username is already in use."


class PreconditionFailed(ProfileGateError):
    """`If-Match` named another version than the stored one. Nothing was written (RFC 9110: 412)."""

    code = "precondition_failed"
    status = 412
    message = "The profile has changed in the meantime."


class TooManyCreations(ProfileGateError):
    """The caller has made too many records for other people. `retry_after` is in seconds."""

    code = "rate_limited"
    status = 429
    message = "Too many profiles of other users were created."

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class Unavailable(ProfileGateError):
    """A part that the answer needs is down. `retry_after` is in seconds; the reason is for the log."""

    code = "unavailable"
    status = 503
    message = "The service is temporarily unavailable."
    retry_after: ClassVar[int] = 1

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason


class StoreUnavailable(Unavailable):
    """The database did not answer in time."""

    code = "store_unavailable"


class ProviderUnavailable(Unavailable):
    """The identity provider's keys are not known and could not be had."""

    code = "provider_unavailable"
    message = "The identity provider cannot be reached."
    retry_after = 5


class ProviderSilent(ProviderUnavailable):
    """It could not be reached, or did not answer in time: not a matter of what it was asked."""


class InvalidConfiguration(ProfileGateError):
    """The settings cannot be used. `problems` lists every one, each with its place."""

    code = "configuration"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
