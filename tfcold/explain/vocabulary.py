"""English words that a sentence about an item may use whatever the evidence is: they name no attribute."""

from __future__ import annotations

from typing import Final

_PROSE: Final = (
    "a about after again all also although an and any anyone are as at be because been before being both but by can"
    " could did do does each either else even every everyone everything few for from given had has have he her here"
    " him his how however i if in into is it its itself just less many may me might mine more most much my neither no"
    " nor not nothing now of off on once one only or other others our out over own per same she should since so some"
    " somebody someone something still such than that the their them then there these they this those though through"
    " to together too under until up us very was we were what when where whether which while who whom whose why will"
    " with within without would yet you your yours"
)
_LINKING: Final = (  # what somebody did, and what an item is to it
    "alike already among appear appears based basis belong belongs bring brings choice choices close closely closest"
    " come comes common connect connected connection connects contribute contributes count counts especially explain"
    " explained explains fact facts find fit fits follow follows found go goes going happen history interest interested"
    " interests kind kinds lead leads link linked links look looking looks made make makes match matched matches mean"
    " means mention near nearest new next part parts past people percent person point points reason reasons recommend"
    " recommendation recommended recommends relate related relates resemble resembles right score see seem seems"
    " show shows similar similarly sort sorts speak speaks strong stronger strongest strongly"
    " suggest suggested suggests suit suitable suits support supports taste tastes tie ties try type types way ways"
    " weigh weighs well word words"
)
_CHOSEN: Final = (
    "bought choose chooses chose chosen enjoy enjoyed enjoys heard knew know known knows like liked likely likes pick"
    " picked picks prefer preferred read saw watch watched"
)
_PEOPLE: Final = "customer customers he listener listeners reader readers she they user users viewer viewers you"
_THINGS: Final = (  # what things are called at all
    "album albums article articles artist artists book books film films item items movie movies one ones paper papers"
    " product products song songs thing things title titles track tracks video videos what"
)
_TOGETHER: Final = "alike all also as both common each like same shared similar similarly too"
_SHARING: Final = "share shares sharing"
_UP_TO_TWENTY: Final = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen twenty"
)

PROSE: Final = frozenset(_PROSE.split())  # a title made of these alone cannot be told from prose
PEOPLE: Final = frozenset(_PEOPLE.split())  # before one of
CHOSEN: Final = frozenset(_CHOSEN.split())  # these: somebody is said to have chosen something
THINGS: Final = frozenset(_THINGS.split())
TOGETHER: Final = frozenset(_TOGETHER.split())  # what the sentence says holds of several things,
SHARING: Final = frozenset(_SHARING.split())  # or what it says after one of these
NEUTRAL: Final = PROSE | PEOPLE | CHOSEN | THINGS | TOGETHER | SHARING | frozenset(_LINKING.split())
COUNTS: Final = {
    **{word: place for place, word in enumerate(_UP_TO_TWENTY.split(), 2)},
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "half": 50,
    "hundred": 100, "hundreds": 100, "thousand": 1_000, "thousands": 1_000, "million": 10**6, "millions": 10**6,
}  # fmt: skip
