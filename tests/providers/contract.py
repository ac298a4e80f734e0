"""What every provider must do; a new adapter is tested by one subclass that gives a `place` to buy from."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pipeline import errors
from pipeline.providers.port import Delivery, Forgotten, Phase, Progress, Provider, Ticket, Withdrawal

LIMITS = {"limit_bytes": 20_000_000, "seconds": 10.0}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A provider with one slot, one image endpoint, and what a test needs to know of it."""

    provider: Provider
    endpoint: str
    photo: bytes
    arguments: Callable[[str, int], Mapping[str, object]]
    strangers: Callable[[], Provider]
    stranger_ticket: Ticket

    def ask(self, seed: int = 1) -> tuple[Ticket, Mapping[str, object]]:
        """Upload the photo and submit it."""
        arguments = self.arguments(self.provider.upload(self.photo, "image/jpeg", "photo.jpg"), seed)
        return self.provider.submit(self.endpoint, arguments), arguments

    def ended(self, ticket: Ticket) -> Progress:
        """Look until a request has ended."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            progress = self.provider.status(ticket)
            if progress.phase in (Phase.DONE, Phase.FAILED):
                return progress
            time.sleep(0.02)
        raise AssertionError("the request never ended")

    def bought(self, seed: int = 1) -> Delivery:
        """Buy one picture."""
        ticket, _ = self.ask(seed)
        assert self.ended(ticket).phase is Phase.DONE
        return self.provider.result(ticket)


class ProviderContract:
    """The facts that hold for every provider."""

    def test_a_photo_becomes_a_file_that_can_be_downloaded(self, place: Place) -> None:
        delivery = place.bought()
        [image] = delivery.body["images"]
        data = place.provider.download(image["url"], **LIMITS)
        assert data[:3] in (b"\xff\xd8\xff", b"\x89PN")
        assert delivery.billable_units is not None
        assert delivery.billable_units > 0

    def test_each_upload_has_its_own_address(self, place: Place) -> None:
        urls = {place.provider.upload(place.photo, "image/jpeg", "photo.jpg") for _ in range(3)}
        assert len(urls) == 3
        assert {place.provider.download(url, **LIMITS) for url in urls} == {place.photo}

    def test_a_request_is_found_by_its_input_from_its_acceptance_on(self, place: Place) -> None:
        if not place.provider.can_look_up:
            pytest.skip("this provider has no listing")
        since = datetime.now(UTC)
        ticket, arguments = place.ask(seed=4711)
        place.ask(seed=4712)
        [waiting] = place.provider.find(place.endpoint, arguments, since)
        assert (waiting.request_id, waiting.ticket) == (ticket.request_id, ticket)
        place.ended(waiting.ticket)
        [finished] = place.provider.find(place.endpoint, arguments, since)
        assert (finished.finished, finished.status_code) == (True, 200)
        assert finished.output == place.provider.result(ticket).body
        assert place.provider.find(place.endpoint, {**arguments, "seed": 4713}, since) == ()
        assert place.provider.find(place.endpoint, arguments, datetime.now(UTC) + timedelta(minutes=3)) == ()

    def test_a_queued_request_can_be_taken_back_and_a_finished_one_cannot(self, place: Place) -> None:
        first, _ = place.ask(1)
        second, _ = place.ask(2)
        assert place.provider.status(second).phase is Phase.QUEUED
        assert place.provider.status(second).place is not None
        assert place.provider.cancel(second) is Withdrawal.REMOVED
        place.ended(first)
        assert place.provider.cancel(first) is Withdrawal.TOO_LATE
        assert place.provider.cancel(place.stranger_ticket) is Withdrawal.UNKNOWN

    def test_a_result_is_not_there_before_its_time(self, place: Place) -> None:
        ticket, _ = place.ask()
        with pytest.raises(errors.NotSent):
            place.provider.result(ticket)
        place.ended(ticket)
        assert place.provider.result(ticket).body

    def test_a_request_nobody_made_is_unknown(self, place: Place) -> None:
        for verb in (place.provider.status, place.provider.result):
            with pytest.raises(errors.RequestUnknown):
                verb(place.stranger_ticket)

    def test_what_a_request_made_is_removed_and_the_photo_stays_that_others_may_use(self, place: Place) -> None:
        ticket, arguments = place.ask()
        place.ended(ticket)
        [image] = place.provider.result(ticket).body["images"]
        _, other = place.ask(2)
        assert place.provider.forget(ticket.request_id) is Forgotten.REMOVED
        with pytest.raises(errors.ResultLost):
            place.provider.download(image["url"], **LIMITS)
        for url in (arguments["image_url"], other["image_url"]):
            assert place.provider.download(url, **LIMITS) == place.photo
        assert place.provider.forget(ticket.request_id) in (Forgotten.REMOVED, Forgotten.ABSENT)
        assert place.provider.forget(place.stranger_ticket.request_id) is Forgotten.ABSENT

    def test_an_endpoint_nobody_serves_is_gone(self, place: Place) -> None:
        with pytest.raises(errors.EndpointGone):
            place.provider.submit("nobody/serves-this", {"prompt": "x"})

    def test_a_wrong_key_is_refused_at_every_door(self, place: Place) -> None:
        stranger, one = place.strangers(), place.stranger_ticket.request_id
        doors = (lambda: stranger.submit(place.endpoint, {}), lambda: stranger.upload(b"x", "image/png", "x"), lambda: stranger.forget(one))
        for verb in (stranger.ping, *doors):
            with pytest.raises(errors.KeyRefused):
                verb()

    def test_a_ping_buys_nothing(self, place: Place) -> None:
        place.provider.ping()
        if place.provider.can_look_up:
            assert place.provider.find(place.endpoint, {}, datetime.now(UTC) - timedelta(hours=1)) == ()
