"""Budgets: published trainings, and arithmetic by hand."""

import pytest

from labkit import sizing

A100 = {"peak": 312e12, "utilization": 0.4}


@pytest.mark.parametrize(
    ("parameters", "predicted", "published"),
    [(7e9, 186_966, 184_320), (70e9, 1_869_658, 1_720_320)],
    ids=["Llama 2 7B", "Llama 2 70B"],
)
def test_hours_of_llama_2(parameters, predicted, published):
    """Two trillion tokens on A100s. [Touvron et al. 2023, table 2]"""
    hours = sizing.training_hours(sizing.training_flops(parameters, 2e12), **A100)
    assert round(hours) == predicted
    assert hours == pytest.approx(published, rel=0.1)


def test_gpt_3_took_3640_petaflop_days():
    """3.14e23 operations for 300 billion tokens. [Brown et al. 2020, table D.1]"""
    flops = sizing.training_flops(174.6e9, 300e9)
    assert flops == pytest.approx(3.14e23, rel=2e-3)
    hours = sizing.training_hours(flops, peak=1e15, utilization=1)
    assert hours / 24 == pytest.approx(3640, rel=2e-3)


def test_devices_share_the_hours():
    alone = sizing.training_hours(7.2e18, peak=1e15, utilization=0.5)
    assert alone == pytest.approx(4)
    assert sizing.training_hours(7.2e18, peak=1e15, utilization=0.5, devices=8) == alone / 8
    assert sizing.training_hours(7.2e18, peak=1e15) == pytest.approx(5)


def test_cost_and_electricity_by_hand():
    assert sizing.training_cost(1000, price=2.5) == 2500
    assert sizing.training_cost(0, price=2.5) == 0
    assert sizing.training_energy(10, watts=300, overhead=1.5) == pytest.approx(4.5)
    assert sizing.training_energy(10, watts=0) == 0


def test_llama_2_emitted_291_tons():
    """At 0.423 kg a kilowatt-hour. [Touvron et al. 2023, table 2: 291.42 t]"""
    energy = sizing.training_energy(1_720_320, watts=400)
    assert energy * 0.423 / 1000 == pytest.approx(291.42, rel=2e-3)


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_state_of_7_5_billion_on_64_devices(stage, gigabytes):
    """[Rajbhandari et al. 2020, figure 1]"""
    held = sizing.training_state_bytes(7_500_000_000, devices=64, stage=stage)
    assert held / 1e9 == pytest.approx(gigabytes, abs=0.05)


def test_state_of_sgd_in_32_bits_by_hand():
    bytes_ = {"weight": 4, "gradient": 4, "optimizer": 0}
    assert sizing.training_state_bytes(1000, **bytes_) == 8000
    assert sizing.training_state_bytes(1000, **bytes_, devices=2, stage=2) == 6000
    assert sizing.training_state_bytes(1000, devices=1, stage=3) == 16_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sizing.training_hours(1, peak=0), "peak and devices must be positive"),
        (lambda: sizing.training_hours(1, peak=1, devices=0), "peak and devices must be positive"),
        (lambda: sizing.training_hours(1, peak=1, utilization=0), r"must be in \(0, 1\]; got 0"),
        (lambda: sizing.training_hours(1, peak=1, utilization=1.1), r"must be in \(0, 1\]"),
        (lambda: sizing.training_cost(-1, price=1), "device_hours and price must be >= 0"),
        (lambda: sizing.training_cost(1, price=-1), "device_hours and price must be >= 0"),
        (lambda: sizing.training_energy(-1, watts=1), "must be >= 0 and overhead >= 1"),
        (lambda: sizing.training_energy(1, watts=-1), "must be >= 0 and overhead >= 1"),
        (lambda: sizing.training_energy(1, watts=1, overhead=0.9), "overhead >= 1"),
        (lambda: sizing.training_state_bytes(1, stage=4), "stage must be 0, 1, 2 or 3; got 4"),
        (lambda: sizing.training_state_bytes(1, devices=0), "devices must be at least 1; got 0"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
