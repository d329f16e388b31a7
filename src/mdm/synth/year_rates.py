"""What happens to the city in a year, with the evidence for each figure.

Marks as in `rates`: E measured or published (civil registry and census figures of the IBGE, the
rules of CadÚnico and e-SUS), A assumption to tune. Shares are between 0 and 1.
"""

from dataclasses import dataclass

MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceYear:
    """How one source follows its people through the year.

    Attributes:
        renewed: Chance that a record is renewed in a month, once there is something to renew (A:
            a health unit sees people often; CadÚnico must be renewed every 24 months, E; schools
            at enrolment).
        leaves: Records that leave the file in a month without a death: purged, inactive (A).
        new: People of the source's files, as a share, who get a first record in a month (A).
        duplicates: People of the source's files who get another record in a month (A: a tenth
            of the records' duplicates, made over some ten years).
    """

    renewed: float
    leaves: float
    new: float
    duplicates: float


@dataclass(frozen=True, slots=True, kw_only=True)
class YearRates:
    """Rates of a year and the months of what happens once.

    Attributes:
        births: Per resident and year (E: 9.5 per 1,000 in Porto Alegre).
        newborn_records: Births that health registers as RN DE <mother> (A: those in public
            hospitals, before the civil registry knows a name).
        newborn_named: RN records that get the child's name later, on the same key (E that the
            others stay: a CadSUS clean-up found them; the share of CityRates.newborn).
        births_in_social: Newborns of CadÚnico families that are entered (A).
        marriages: Per resident and year (E: 4.6 per 1,000).
        takes_name: Brides who take the husband's name (E: falling, about half; CityRates says
            more for all living women).
        moves: Households that move in a year (A: census 2010 gives 4-5 % within a city).
        new_phone: People who get another mobile in a year, movers more often (A).
        phone_with_move: Movers who change the phone (A).
        cpf: Of people without a CPF, those who get one in a year (A: benefits and exams ask for
            it since 2023).
        deaths: Per resident and year (E: 9.5 per 1,000 in Porto Alegre).
        deaths_unreported: Deaths that no source is told of (the issue's figure).
        false_deaths: Reports of a death about a person who lives (the issue's figure, of all
            reports).
        false_deaths_mended: Of these, those taken back within the year (A).
        after_death: Dead people of whom a record is touched after the death (E that it happens:
            audits find services used under the names of the dead; A).
        corrected: Wrong names and birth dates that are put right in a year (A).
        families: CadÚnico families that get another code in a year (A: removals to another
            CRAS, separations, entries made anew).
        separated: Of these, families that one adult leaves (A).
        returns: Records that left, whose person comes back within the year (A).
        keeps_key_days: A source forgets a record that is gone so long; who returns later gets a
            new key (the issue's figure).
        merged: Of the duplicates that health knows of, those merged in the wave (A).
        merged_wrongly: Merges of two people, of all merges of the wave (A).
        truncated_in, truncated_at: Month in which health's file first comes cut off, and the share
            of its lines that arrive; it ends with a whole line (one that does not is refused as
            such).
        wrong_scope_in: Month in which one school's file comes as if it were all schools.
        merged_in, unmerged_in: Months of health's merge wave, and of taking back wrong ones.
        upgraded_in: Month in which the linkage model is replaced.
        rekeyed_in: Month in which education gives every record a new key.
        steward_errors, steward_unsure: Wrong and undecided answers of stewards (the issue's).
        health, social, education: How the sources follow.
    """

    births: float = 0.0095
    newborn_records: float = 0.6
    newborn_named: float = 0.94
    births_in_social: float = 0.7
    marriages: float = 0.0046
    takes_name: float = 0.5
    moves: float = 0.05
    new_phone: float = 0.06
    phone_with_move: float = 0.3
    cpf: float = 0.25
    deaths: float = 0.0095
    deaths_unreported: float = 0.30
    false_deaths: float = 0.01
    false_deaths_mended: float = 0.5
    after_death: float = 0.05
    corrected: float = 0.20
    families: float = 0.02
    separated: float = 0.6
    returns: float = 0.4
    keeps_key_days: int = 180
    merged: float = 0.5
    merged_wrongly: float = 0.01
    truncated_in: int = 3
    truncated_at: float = 0.7
    wrong_scope_in: int = 5
    merged_in: int = 6
    unmerged_in: int = 8
    upgraded_in: int = 7
    rekeyed_in: int = 9
    steward_errors: float = 0.03
    steward_unsure: float = 0.15
    health: SourceYear = SourceYear(renewed=0.18, leaves=0.0025, new=0.001, duplicates=0.0008)
    social: SourceYear = SourceYear(renewed=0.08, leaves=0.0025, new=0.002, duplicates=0.0002)
    education: SourceYear = SourceYear(renewed=0.12, leaves=0.003, new=0.006, duplicates=0.0002)
