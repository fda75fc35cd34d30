"""What our mails say, in each language we speak. Plain sentences with names in braces; owns no layout.

Every language has the same mails, and a mail the same names in each: a test holds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LANGUAGE = "en"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """One mail: `opening`, then when and where, then `lead` and the link called `button`, then `closing`."""

    subject: str
    opening: str
    lead: str = ""
    button: str = ""
    closing: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What mails of one language share: labels, and units of time for one and for many."""

    when: str
    place: str
    ip: str
    device: str
    plain_link: str
    minutes: tuple[str, str]
    hours: tuple[str, str]
    days: tuple[str, str]


WORDS: Mapping[str, Words] = {
    "en": Words(
        when="Time",
        place="Place",
        ip="IP address",
        device="Device",
        plain_link="If the button does not work, open this address:",
        minutes=("minute", "minutes"),
        hours=("hour", "hours"),
        days=("day", "days"),
    ),
    "de": Words(
        when="Zeit",
        place="Ort",
        ip="IP-Adresse",
        device="Gerät",
        plain_link="Falls der Knopf nicht geht, öffnen Sie diese Adresse:",
        minutes=("Minute", "Minuten"),
        hours=("Stunde", "Stunden"),
        days=("Tag", "Tage"),
    ),
    "es": Words(
        when="Hora",
        place="Lugar",
        ip="Dirección IP",
        device="Dispositivo",
        plain_link="Si el botón no funciona, abre esta dirección:",
        minutes=("minuto", "minutos"),
        hours=("hora", "horas"),
        days=("día", "días"),
    ),
}

_ENGLISH = {
    "verify_email": Wording(
        subject="Verify your e-mail address for {tenant}",
        opening="Please verify that {address} is your e-mail address.",
        lead="The link works once, for {lifetime}.",
        button="Verify my address",
        closing="If you did not ask for this, there is nothing to do.",
    ),
    "change_password": Wording(
        subject="Change your password for {tenant}",
        opening="Somebody, we hope you, asked to change the password of your account at {tenant}.",
        lead="The link works once, for {lifetime}.",
        button="Choose a new password",
        closing="If this was not you, do nothing: your password stays as it is.",
    ),
    "password_changed": Wording(
        subject="Your password for {tenant} was changed",
        opening="The password of your account at {tenant} was changed.",
        closing=(
            "If this was you, there is nothing to do."
            " If it was not, ask for a new password on the sign-in page at once, and tell the people of {tenant}."
        ),
    ),
    "email_changed": Wording(
        subject="Your e-mail address for {tenant} was changed",
        opening="Your account at {tenant} has another e-mail address now, and {address} is not used any more.",
        closing="If this was you, there is nothing to do. If it was not, tell the people of {tenant} at once.",
    ),
    "second_factor_changed": Wording(
        subject="The second step of your sign-in to {tenant} was changed",
        opening="The second step of signing in to your account at {tenant} was changed.",
        closing="If this was you, there is nothing to do. If it was not, tell the people of {tenant} at once.",
    ),
    "unblock": Wording(
        subject="Too many attempts to sign in to {tenant}",
        opening=(
            "Somebody tried to sign in to your account at {tenant} with wrong passwords, too many times."
            " We take no more attempts from there."
        ),
        lead="Was it you? Then open the link to go on. It works once, for {lifetime}.",
        button="Unblock my account",
        closing="If it was not you, there is nothing to do: none of the attempts succeeded.",
    ),
    "new_place": Wording(
        subject="New sign-in to {tenant}",
        opening="Somebody signed in to your account at {tenant} from a place or with a device that is new to us.",
        lead=(
            "If this was you, there is nothing to do. If it was not, change your password at once."
            " The link works once, for {lifetime}."
        ),
        button="Change my password",
        closing="If the link does not work any more, ask for a new password on the sign-in page.",
    ),
    "new_place_without_link": Wording(
        subject="New sign-in to {tenant}",
        opening="Somebody signed in to your account at {tenant} from a place or with a device that is new to us.",
        closing="If this was you, there is nothing to do. If it was not, tell the people of {tenant} at once.",
    ),
    "impersonated": Wording(
        subject="Somebody looked at your account at {tenant}",
        opening="Somebody who works for {tenant} signed in as you, to see what you see.",
        lead="They cannot change your password or your address. Your recent activity says who it was and why.",
        closing="If you did not expect this, ask the people of {tenant}.",
    ),
    "blocked": Wording(
        subject="Your account at {tenant} was blocked",
        opening="Your account at {tenant} was blocked: nobody can sign in to it.",
        closing="If you think that this is a mistake, please turn to the people of {tenant}.",
    ),
}

_GERMAN = {
    "verify_email": Wording(
        subject="Bestätigen Sie Ihre E-Mail-Adresse für {tenant}",
        opening="Bitte bestätigen Sie, dass {address} Ihre E-Mail-Adresse ist.",
        lead="Der Link gilt einmal, {lifetime} lang.",
        button="Meine Adresse bestätigen",
        closing="Wenn Sie das nicht veranlasst haben, brauchen Sie nichts zu tun.",
    ),
    "change_password": Wording(
        subject="Ändern Sie Ihr Passwort für {tenant}",
        opening="Jemand, hoffentlich Sie, möchte das Passwort Ihres Kontos bei {tenant} ändern.",
        lead="Der Link gilt einmal, {lifetime} lang.",
        button="Neues Passwort wählen",
        closing="Wenn Sie das nicht waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.",
    ),
    "password_changed": Wording(
        subject="Ihr Passwort für {tenant} wurde geändert",
        opening="Das Passwort Ihres Kontos bei {tenant} wurde geändert.",
        closing=(
            "Wenn Sie das waren, brauchen Sie nichts zu tun."
            " Wenn nicht, fordern Sie sofort auf der Anmeldeseite ein neues Passwort an und melden Sie es {tenant}."
        ),
    ),
    "email_changed": Wording(
        subject="Ihre E-Mail-Adresse für {tenant} wurde geändert",
        opening="Ihr Konto bei {tenant} hat jetzt eine andere E-Mail-Adresse; {address} wird nicht mehr verwendet.",
        closing="Wenn Sie das waren, brauchen Sie nichts zu tun. Wenn nicht, melden Sie es {tenant} sofort.",
    ),
    "second_factor_changed": Wording(
        subject="Der zweite Schritt Ihrer Anmeldung bei {tenant} wurde geändert",
        opening="Der zweite Schritt der Anmeldung bei Ihrem Konto bei {tenant} wurde geändert.",
        closing="Wenn Sie das waren, brauchen Sie nichts zu tun. Wenn nicht, melden Sie es {tenant} sofort.",
    ),
    "unblock": Wording(
        subject="Zu viele Anmeldeversuche bei {tenant}",
        opening=(
            "Jemand hat zu oft versucht, sich mit falschen Passwörtern bei Ihrem Konto bei {tenant} anzumelden."
            " Von dort nehmen wir keine Versuche mehr an."
        ),
        lead="Waren Sie das? Dann öffnen Sie den Link, um fortzufahren. Er gilt einmal, {lifetime} lang.",
        button="Mein Konto freigeben",
        closing="Wenn Sie das nicht waren, brauchen Sie nichts zu tun: Kein Versuch war erfolgreich.",
    ),
    "new_place": Wording(
        subject="Neue Anmeldung bei {tenant}",
        opening="Jemand hat sich bei {tenant} mit Ihrem Konto angemeldet: Gerät oder Ort sind uns neu.",
        lead=(
            "Wenn Sie das waren, brauchen Sie nichts zu tun. Wenn nicht, ändern Sie sofort Ihr Passwort."
            " Der Link gilt einmal, {lifetime} lang."
        ),
        button="Mein Passwort ändern",
        closing="Wenn der Link nicht mehr gilt, fordern Sie auf der Anmeldeseite ein neues Passwort an.",
    ),
    "new_place_without_link": Wording(
        subject="Neue Anmeldung bei {tenant}",
        opening="Jemand hat sich bei {tenant} mit Ihrem Konto angemeldet: Gerät oder Ort sind uns neu.",
        closing="Wenn Sie das waren, brauchen Sie nichts zu tun. Wenn nicht, melden Sie es sofort {tenant}.",
    ),
    "impersonated": Wording(
        subject="Jemand hat sich Ihr Konto bei {tenant} angesehen",
        opening="Jemand, der für {tenant} arbeitet, hat sich als Sie angemeldet, um zu sehen, was Sie sehen.",
        lead="Ihr Passwort und Ihre Adresse sind so nicht zu ändern. Wer es war und warum, steht in Ihren Aktivitäten.",
        closing="Wenn Sie das nicht erwartet haben, fragen Sie bei {tenant} nach.",
    ),
    "blocked": Wording(
        subject="Ihr Konto bei {tenant} wurde gesperrt",
        opening="Ihr Konto bei {tenant} wurde gesperrt: Niemand kann sich mehr damit anmelden.",
        closing="Wenn Sie das für einen Irrtum halten, wenden Sie sich bitte an {tenant}.",
    ),
}

_SPANISH = {
    "verify_email": Wording(
        subject="Verifica tu dirección de correo para {tenant}",
        opening="Por favor, verifica que {address} es tu dirección de correo.",
        lead="El enlace funciona una sola vez, durante {lifetime}.",
        button="Verificar mi dirección",
        closing="Si no lo has pedido tú, no tienes que hacer nada.",
    ),
    "change_password": Wording(
        subject="Cambia tu contraseña de {tenant}",
        opening="Alguien, esperamos que tú, ha pedido cambiar la contraseña de tu cuenta en {tenant}.",
        lead="El enlace funciona una sola vez, durante {lifetime}.",
        button="Elegir una contraseña nueva",
        closing="Si no has sido tú, no hagas nada: tu contraseña sigue como está.",
    ),
    "password_changed": Wording(
        subject="Se ha cambiado tu contraseña de {tenant}",
        opening="Se ha cambiado la contraseña de tu cuenta en {tenant}.",
        closing=(
            "Si has sido tú, no tienes que hacer nada."
            " Si no, pide enseguida una contraseña nueva en la página de acceso y avisa a {tenant}."
        ),
    ),
    "email_changed": Wording(
        subject="Se ha cambiado tu dirección de correo de {tenant}",
        opening="Tu cuenta en {tenant} tiene ahora otra dirección de correo, y {address} ya no se usa.",
        closing="Si has sido tú, no tienes que hacer nada. Si no, avisa enseguida a {tenant}.",
    ),
    "second_factor_changed": Wording(
        subject="Se ha cambiado el segundo paso de tu acceso a {tenant}",
        opening="Se ha cambiado el segundo paso del acceso a tu cuenta en {tenant}.",
        closing="Si has sido tú, no tienes que hacer nada. Si no, avisa enseguida a {tenant}.",
    ),
    "unblock": Wording(
        subject="Demasiados intentos de acceso a {tenant}",
        opening=(
            "Alguien ha intentado entrar en tu cuenta en {tenant} con contraseñas equivocadas demasiadas veces."
            " Desde allí ya no aceptamos más intentos."
        ),
        lead="¿Has sido tú? Entonces abre el enlace para continuar. Funciona una sola vez, durante {lifetime}.",
        button="Desbloquear mi cuenta",
        closing="Si no has sido tú, no tienes que hacer nada: ninguno de los intentos ha tenido éxito.",
    ),
    "new_place": Wording(
        subject="Nuevo acceso a {tenant}",
        opening="Alguien ha entrado en tu cuenta en {tenant} desde un lugar o con un dispositivo nuevo para nosotros.",
        lead=(
            "Si has sido tú, no tienes que hacer nada. Si no, cambia enseguida tu contraseña."
            " El enlace funciona una sola vez, durante {lifetime}."
        ),
        button="Cambiar mi contraseña",
        closing="Si el enlace ya no funciona, pide una contraseña nueva en la página de acceso.",
    ),
    "new_place_without_link": Wording(
        subject="Nuevo acceso a {tenant}",
        opening="Alguien ha entrado en tu cuenta en {tenant} desde un lugar o con un dispositivo nuevo para nosotros.",
        closing="Si has sido tú, no tienes que hacer nada. Si no, avisa enseguida a {tenant}.",
    ),
    "impersonated": Wording(
        subject="Alguien ha consultado tu cuenta en {tenant}",
        opening="Alguien que trabaja para {tenant} ha entrado en tu nombre, para ver lo que tú ves.",
        lead="No puede cambiar tu contraseña ni tu dirección. Tu actividad reciente dice quién fue y por qué.",
        closing="Si no lo esperabas, pregunta a {tenant}.",
    ),
    "blocked": Wording(
        subject="Se ha bloqueado tu cuenta en {tenant}",
        opening="Se ha bloqueado tu cuenta en {tenant}: nadie puede entrar en ella.",
        closing="Si crees que es un error, ponte en contacto con {tenant}.",
    ),
}

WORDINGS: Mapping[str, Mapping[str, Wording]] = {"en": _ENGLISH, "de": _GERMAN, "es": _SPANISH}
