"""Code reads what code is sure of, in many languages and styles."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.intake.budgets import read_budget
from agent.intake.columns import column_mentions, read_target, spoken
from agent.intake.durations import durations_in
from agent.intake.left_out import left_out
from agent.intake.metrics import read_metrics
from agent.intake.models import ALL, fits, read_models
from agent.intake.numbers import numbers_in
from agent.intake.settings import read_settings
from agent.intake.text import Text, fold


@pytest.mark.parametrize(
    "said",
    [
        "I care most about not missing churners",
        "we don't want to miss any of them",
        "catch as many as you can",
        "false alarms are cheap",
    ],
)
def test_not_to_miss_is_recall(said: str) -> None:
    claim = read_metrics(Text(f"Predict churn with svm. {said}."), "binary").get("objectives")
    assert claim is not None and claim.value == ("recall",)


@pytest.mark.parametrize(
    "said", ["stop after 3 trials without improvement", "5 trials with no further improvement"]
)
def test_patience_is_no_budget(said: str) -> None:
    assert read_budget(Text(said)).get("budget.trials") is None


def test_rows_are_no_column_that_is_called_after_them() -> None:
    columns = ("customer_id", "tenure", "churned")
    assert read_target(Text("Cluster the customers"), columns).get("data.target") is None
    told = read_target(Text("Explain why customers churned"), columns).get("data.target")
    assert told is not None and told.value == "churned"
    named = read_target(Text("Predict the customer id"), columns).get("data.target")
    assert named is not None and named.value == "customer_id"


def test_a_word_of_a_column_goes_on_with_a_list() -> None:
    columns = ("customer_id", "tenure", "plan", "support_calls", "churned")
    text = Text("Predict churned, use only tenure, plan and calls, 6 trials")
    claim = left_out(text, column_mentions(text, columns), columns[:-1])
    assert claim is not None and claim.value == ("customer_id",)


def seconds(said: str) -> list[float]:
    text = Text(said)
    return [d.seconds for d in durations_in(text, numbers_in(text))]


@given(st.text(max_size=60))
@settings(deadline=None)
def test_folding_keeps_every_character_at_its_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(st.integers(0, 9_999_999), st.sampled_from(["{}", "{:,}", "{:_}", "{:08d}"]))
@settings(deadline=None)
def test_digits_are_read_as_they_are_written(number: int, form: str) -> None:
    said = form.format(number)
    if "_" in said:
        return
    assert [n.value for n in numbers_in(Text(f"about {said} trials"))] == [number]


@given(st.integers(1, 47), st.integers(1, 59), st.sampled_from(["{}h{:02d}", "{} h {} min"]))
@settings(deadline=None)
def test_hours_and_minutes_add_up(hours: int, minutes: int, form: str) -> None:
    assert seconds(f"in {form.format(hours, minutes)}") == [hours * 3600 + minutes * 60]


@given(st.floats(0.1, 99).map(lambda x: round(x, 1)), st.sampled_from([("h", 3600), ("min", 60)]))
@settings(deadline=None)
def test_decimal_durations(number: float, unit: tuple[str, int]) -> None:
    for said in (f"{number} {unit[0]}", f"{number}{unit[0]}".replace(".", ",")):
        assert seconds(f"at most {said}") == [pytest.approx(number * unit[1])]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("half an hour", 1800),
        ("an hour and a half", 5400),
        ("two and a half hours", 9000),
        ("an hour and fifty minutes", 6600),
        ("a quarter of an hour", 900),
        ("2 mintues", 120),
        ("anderthalb Stunden für das Modell", 5400),
        ("eine dreiviertel Stunde, bitte", 2700),
        ("une demi-heure pour le modèle", 1800),
        ("une heure et demie pour les essais", 5400),
        ("media hora para el modelo", 1800),
        ("un'ora e mezza per il modello", 5400),
        ("uma hora e meia para o modelo", 5400),
        ("anderhalf uur met het model", 5400),
        ("półtorej godziny i dwadzieścia prób", 5400),
        ("полчаса на модель", 1800),
        ("半小时", 1800),
        ("最多30秒", 30),
    ],
)
def test_durations_in_words(said: str, expected: float) -> None:
    assert seconds(said) == [expected]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("30 trials", {"budget.trials": 30}),
        ("two dozen runs", {"budget.trials": 24}),
        ("half a dozen trials", {"budget.trials": 6}),
        ("n_trials=40", {"budget.trials": 40}),
        ("thrity trails", {"budget.trials": 30}),
        ("fünfundzwanzig Durchläufe mit der Datei", {"budget.trials": 25}),
        ("une quarantaine d'essais", {"budget.trials": 40}),
        ("20次 每次最多30秒", {"budget.trials": 20, "budget.seconds_per_trial": 30}),
        ("2 min per model", {"budget.seconds_per_trial": 120}),
        ("no trial over 30s", {"budget.seconds_per_trial": 30}),
        ("3 minutes per run and 1 hour", {"budget.seconds_per_trial": 180, "budget.seconds": 3600}),
        ("60 trials or two hours", {"budget.trials": 60, "budget.seconds": 7200}),
        ("max. 8,000 tokens", {"budget.tokens": 8000}),
        ("10-fold CV", {"validation.folds": 10}),
        ("3-fache Kreuzvalidierung und die Daten", {"validation.folds": 3}),
        ("validación cruzada de 5 pliegues con los datos", {"validation.folds": 5}),
        ("14 stops a day, 11 years ago, data of the last 6 hours", {}),
        ("my colleague got it in 3 hours", {}),
        ("tests after 1 and 365 days, from the 90s, sold over 5 days in May", {}),
        ("stop after 2 days", {"budget.seconds": 172800}),
        ("1/2 hour", {"budget.seconds": 1800}),
        ("trials=25 folds=4", {"budget.trials": 25, "validation.folds": 4}),
        ('"trials": 40, "folds": 3', {"budget.trials": 40, "validation.folds": 3}),
        ("Max. time per trial: 30 s", {"budget.seconds_per_trial": 30}),
        ("each trial should take 10 seconds at most", {"budget.seconds_per_trial": 10}),
        ("I got 0.9 in 200 trials. Now 15 trials.", {"budget.trials": 15}),
        ("1½ hours", {"budget.seconds": 5400}),
        ("20 trals", {"budget.trials": 20}),
        ("budget 250.000 e 3 camere", {}),
        ("全体で15分、1回の試行は1分", {"budget.seconds": 900, "budget.seconds_per_trial": 60}),
    ],
)
def test_budgets(said: str, expected: dict[str, float]) -> None:
    reading = read_budget(Text(said))
    assert {k: c.value for k, c in reading.claims.items()} == expected
    assert reading.contradictions == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("0 trials", "must be positive"),
        ("-5 trials", "must be positive"),
        ("minus ten minutes", "must be positive"),
        ("cero pruebas con los datos", "must be positive"),
        ("30 trials, I mean 40 trials", "Two values"),
        ("2 hours per model, 1 hour in all", "longer"),
    ],
)
def test_impossible_budgets_are_explained(said: str, wrong: str) -> None:
    assert wrong in str(read_budget(Text(said)).contradictions)


TREES = {"lightgbm", "xgboost", "hist_gradient_boosting", "random_forest", "extra_trees"}
TREES |= {"decision_tree"}
BINARY = {f for f in ALL if fits(f, "binary")}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("anything but trees", BINARY - TREES),
        ("no neural nets", BINARY - {"mlp"}),
        ("no trees, forests or boosting", BINARY - TREES),
        ("only logistic regression or SVM", {"logistic_regression", "svm"}),
        ("no neural nets, only logistic regression or SVM", {"logistic_regression", "svm"}),
        ("Not a neural network, a random forest please", {"random_forest"}),
        ("I don't want trees, I want logistic regression", {"logistic_regression"}),
        ("everything except SVM and kNN", BINARY - {"svm", "knn"}),
        ("SVMs are forbidden", BINARY - {"svm"}),
        ("gradient boosting (lightgbm)", {"lightgbm"}),
        ("random forrest", {"random_forest"}),
        ("随机森林或XGBoost", {"random_forest", "xgboost"}),
        ("models: rf, et, xgb", {"random_forest", "extra_trees", "xgboost"}),
        ("Forecast it with gradient boosting (XGBoost)", {"xgboost"}),
        ("We tried SVM before and hated it, so anything else goes", BINARY - {"svm"}),
        ("boosting de histogramas de sklearn", {"hist_gradient_boosting"}),
        ("alles außer Bäumen, bitte", BINARY - TREES),
        ("keine neuronalen Netze und keine SVM", BINARY - {"mlp", "svm"}),
        ("tout sauf des arbres pour le modèle", BINARY - TREES),
        ("cualquier cosa menos SVM para los datos", BINARY - {"svm"}),
        ("niente alberi per il modello", BINARY - TREES),
        ("sem redes neurais para o modelo", BINARY - {"mlp"}),
        ("geen bomen voor het model", BINARY - TREES),
        ("bez sieci neuronowych dla tych danych", BINARY - {"mlp"}),
        ("除了神经网络以外的模型都可以", BINARY - {"mlp"}),
        ("ニューラルネットは使わないでください", BINARY - {"mlp"}),
        ("compared to last year's random forest we want xgboost", {"xgboost"}),
        ("the gradient boosting of LightGBM", {"lightgbm"}),
        ("a random forest with exactly 400 trees", {"random_forest"}),
    ],
)
def test_families_wished_for_and_ruled_out(said: str, expected: set[str]) -> None:
    claim = read_models(Text(said), "binary").get("models")
    assert claim is not None
    assert set(claim.value) == expected


def test_contradictory_models_are_explained() -> None:
    reading = read_models(Text("Use SVM. Do not use SVM."), "binary")
    assert "both wished for and ruled out" in reading.contradictions[0][1]
    reading = read_models(Text("tune logistic regression"), "regression")
    assert "cannot predict a regression" in reading.contradictions[0][1]


@pytest.mark.parametrize(
    ("said", "fixed", "constraints"),
    [
        ("don't go above 500 trees", {}, ["n_estimators <= 500"]),
        ("exactly 250 trees", {"n_estimators": 250}, []),
        ("depth at most 12", {}, ["max_depth <= 12"]),
        ("no deeper than 6 levels", {}, ["max_depth <= 6"]),
        ("mit maximaler Tiefe 4, bitte", {}, ["max_depth <= 4"]),
        ("keep k at 50 or below", {}, ["n_neighbors <= 50"]),
        ("at least 5 samples per leaf", {}, ["min_samples_leaf >= 5"]),
        (
            "learning rate between 0.01 and 0.1",
            {},
            ["learning_rate >= 0.01", "learning_rate <= 0.1"],
        ),
        (
            "between 100 and 400 trees",
            {},
            ["n_estimators >= 100", "n_estimators <= 400"],
        ),
        ("class-weighted", {"class_weight": "balanced"}, []),
        ("gewogen klassen met de data", {"class_weight": "balanced"}, []),
        ("SVR with an RBF kernel, C no larger than 100", {"kernel": "rbf"}, ["C <= 100"]),
        ("30 trials, 5 folds, 2 hours", {}, []),
        ("we have 3 levels of management", {}, []),
        ("profondeur maximale 8 pour les données", {}, ["max_depth <= 8"]),
        ("eta 0.05 max_depth 3..8", {"learning_rate": 0.05}, ["max_depth >= 3", "max_depth <= 8"]),
        ("svm, 30 iterations", {}, []),
        ("max depth fixed at 4", {"max_depth": 4}, []),
        ("max_depth=4", {"max_depth": 4}, []),
        ("random forest min_samples_leaf=5", {"min_samples_leaf": 5}, []),
        ("max depth 4 (fixed)", {"max_depth": 4}, []),
        ("random forest, max_depth=-3", {"max_depth": -3}, []),
        (
            "n_estimators at most 400 and at least 100",
            {},
            ["n_estimators <= 400", "n_estimators >= 100"],
        ),
        ("extra trees avec 300 arbres au maximum pour les données", {}, ["n_estimators <= 300"]),
        ("albero profondo al massimo 8 per il modello", {}, ["max_depth <= 8"]),
    ],
)
def test_settings(said: str, fixed: dict[str, object], constraints: list[str]) -> None:
    wishes = read_settings(Text(said))
    models = ["random_forest", "knn", "svm", "xgboost"]
    assert wishes.fixed(models) == fixed
    assert wishes.constraints(models) == constraints


def test_settings_take_the_name_of_the_family() -> None:
    text = Text("at most 300 iterations and at most 31 leaves")
    own = read_settings(text).constraints(["hist_gradient_boosting"])
    assert own == ["max_iter <= 300", "max_leaf_nodes <= 31"]
    assert read_settings(text).constraints(["lightgbm"])[1] == "num_leaves <= 31"


@pytest.mark.parametrize(
    ("said", "kind", "expected"),
    [
        ("maximise ROC AUC", "binary", ("roc_auc",)),
        ("PR AUC", "binary", ("average_precision",)),
        ("roc acu", "binary", ("roc_auc",)),
        ("F1", "multiclass", ("f1_macro",)),
        ("recall and precision, both", "binary", ("recall", "precision")),
        ("high AUC but the model should be small", "binary", ("roc_auc", "model_size")),
        ("accurate but small", "binary", ("accuracy", "model_size")),
        ("good AUC but fast to predict", "binary", ("roc_auc", "predict_seconds")),
        ("erreur quadratique moyenne (RMSE)", "regression", ("root_mean_squared_error",)),
        ("mittlerer absoluter Fehler", "regression", ("mean_absolute_error",)),
        ("use recall, not precision", "binary", ("recall",)),
        ("accuracy is misleading, so use balanced accuracy", "binary", ("balanced_accuracy",)),
        ("somebody has 0.85 accuracy; optimise AUC", "binary", ("roc_auc",)),
        ("scored 1 to 10 by a small company", "binary", None),
        (
            "I used to score by accuracy, now I want balanced accuracy",
            "binary",
            ("balanced_accuracy",),
        ),
        (
            "RMSE. I also look at MAE and R2, don't optimise those",
            "regression",
            ("root_mean_squared_error",),
        ),
        ("no kNN - F1 - 2 hours", "binary", ("f1",)),
        ("Accuracy? No, use Matthews", "binary", ("matthews_corrcoef",)),
        ("dokładność zbalansowana, 15 minut na próbę", "binary", ("balanced_accuracy",)),
        ("den MAE bitte minimieren", "regression", ("mean_absolute_error",)),
    ],
)
def test_metrics(said: str, kind: str, expected: tuple[str, ...] | None) -> None:
    reading = read_metrics(Text(said), kind)  # type: ignore[arg-type]
    claim = reading.get("objectives")
    assert (claim.value if claim else None) == expected
    assert reading.contradictions == []


@pytest.mark.parametrize(
    ("said", "kind", "wrong"),
    [
        ("minimise accuracy", "binary", "You ask to minimize"),
        ("maximise the RMSE", "regression", "You ask to maximize"),
        ("maximise AUC and minimise AUC", "binary", "You ask to minimize"),
        ("R2", "binary", "does not fit a binary"),
        ("den MAE bitte maximieren", "regression", "You ask to maximize"),
        ("Optimise accuracy. Optimise F1.", "binary", "Two metrics"),
    ],
)
def test_contradictory_metrics_are_explained(said: str, kind: str, wrong: str) -> None:
    assert wrong in str(read_metrics(Text(said), kind).contradictions)  # type: ignore[arg-type]


COLUMNS = ["Age", "MonthlyIncome", "Sale_Price", "body_mass_g", "churn", "type"]


@pytest.mark.parametrize(
    ("said", "column", "sure"),
    [
        ("predict churn", "churn", True),
        ("predict CHURN from the age", "churn", True),
        ("model the monthly income of an employee", "MonthlyIncome", False),
        ("preidct sale_pirce", "Sale_Price", False),
        ("predict body mass", "body_mass_g", True),
        ("Verkaufspreis vorhersagen, bitte", "Sale_Price", True),
        ("which customers leave", "churn", False),
        ("type, not age", "type", False),
        ("a nice day", None, False),
        ("predict the age (Sale_Price)", "Sale_Price", True),
        ("predcit chrun", "churn", False),
    ],
)
def test_target_columns(said: str, column: str | None, sure: bool) -> None:
    claim = read_target(Text(said), COLUMNS).get("data.target")
    assert (claim.value if claim else None) == column
    assert not sure or (claim is not None and claim.sure)


def test_columns_as_people_say_them() -> None:
    assert [spoken(c) for c in COLUMNS[:4]] == [
        "age",
        "monthly income",
        "sale price",
        "body mass g",
    ]
