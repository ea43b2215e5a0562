"""Writes tests/fixtures/features.json: small problems with what scikit-learn makes of them, for the probe and the picture.

    python tests/make_features_fixture.py

Needs numpy and scikit-learn (tests/requirements.txt).
"""

import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression


def logistic(name, seed, examples, features, num_classes, l2, class_weight=None):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(num_classes, features))
    classes = random.integers(0, num_classes, examples)
    x = np.tanh(centres[classes] * 0.5 + random.normal(size=(examples, features))).astype(np.float32)
    weights = np.ones(examples) if class_weight is None else np.asarray(class_weight)[classes]
    model = LogisticRegression(C=1 / l2, tol=1e-8, max_iter=100_000).fit(x, classes, sample_weight=weights)
    return {
        "name": name,
        "features": [[float(value) for value in row] for row in x],
        "classes": classes.tolist(),
        "weights": weights.tolist(),
        "num_classes": num_classes,
        "l2": l2,
        "probabilities": np.round(model.predict_proba(x), 7).tolist(),
    }


def pca(name, seed, vectors, width, spread):
    random = np.random.default_rng(seed)
    x = (random.normal(size=(vectors, width)) * np.asarray(spread) @ random.normal(size=(width, width))).astype(np.float32)
    model = PCA(n_components=2, svd_solver="full")
    points = model.fit_transform(x.astype(np.float64))
    return {
        "name": name,
        "vectors": [[float(value) for value in row] for row in x],
        "points": np.round(points, 9).tolist(),
        "explained": model.explained_variance_ratio_.tolist(),
    }


fixture = {
    "logistic": [
        logistic("three classes", 1, 40, 5, 3, 1.0),
        logistic("two classes", 2, 30, 4, 2, 1.0),
        logistic("strong penalty", 3, 30, 4, 4, 20.0),
        logistic("weighted", 4, 40, 5, 3, 0.1, [1.0, 3.0, 0.5]),
    ],
    "pca": [
        pca("more vectors than parts", 1, 25, 12, np.linspace(2, 0.2, 12)),
        pca("fewer vectors than parts", 2, 6, 14, np.linspace(1, 0.5, 14)),
        pca("three parts", 3, 9, 3, [1.0, 0.9, 0.8]),
    ],
}
path = Path(__file__).parent / "fixtures" / "features.json"
path.write_text(json.dumps(fixture) + "\n")
