# A teacher such as scikit-learn's converters write: gradient-boosted trees on columns of numbers and of texts, with a softmax. It reads DIR/train.csv and
# DIR/test.csv, whose last column is the class, and writes DIR/teacher.onnx. Needs Debian's python3-sklearn and python3-onnx.
import csv
import sys

import numpy as np
from onnx import TensorProto, helper, save
from sklearn.ensemble import GradientBoostingClassifier

TEXTS = ["architecture", "multi_arch"]


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


folder = sys.argv[1]
train, test = read(f"{folder}/train.csv"), read(f"{folder}/test.csv")
columns = [name for name in train if name != "section"]
words = {name: sorted(set(train[name])) for name in TEXTS}


def matrix(table):
    return np.array([[float(words[name].index(value)) if name in words else float(value) for value in table[name]] for name in columns], np.float32).T


def labels(table):
    return np.array([int(value) for value in table["section"]])


x, y = matrix(train), labels(train)
model = GradientBoostingClassifier(n_estimators=100, max_depth=4, subsample=0.5, random_state=1)
model.fit(x, y)
print(f"teacher: {model.score(matrix(test), labels(test)):.2%} of the test rows are right", file=sys.stderr)

# Each class adds up the leaves of its own trees.
nodes = {key: [] for key in ["treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids"]}
leaves = {key: [] for key in ["treeids", "nodeids", "ids", "weights"]}
for number, (round_, label) in enumerate(np.ndindex(model.estimators_.shape)):
    tree = model.estimators_[round_, label].tree_
    for node in range(tree.node_count):
        is_leaf = tree.children_left[node] < 0
        # scikit-learn compares float32 columns with float64 thresholds: the float32 below the threshold decides alike.
        threshold = np.float32(tree.threshold[node])
        if not is_leaf and threshold > tree.threshold[node]:
            threshold = np.nextafter(threshold, np.float32(-np.inf))
        nodes["treeids"].append(number)
        nodes["nodeids"].append(node)
        nodes["featureids"].append(0 if is_leaf else int(tree.feature[node]))
        nodes["values"].append(0.0 if is_leaf else float(threshold))
        nodes["modes"].append("LEAF" if is_leaf else "BRANCH_LEQ")
        nodes["truenodeids"].append(0 if is_leaf else int(tree.children_left[node]))
        nodes["falsenodeids"].append(0 if is_leaf else int(tree.children_right[node]))
        if is_leaf:
            leaves["treeids"].append(number)
            leaves["nodeids"].append(node)
            leaves["ids"].append(label)
            leaves["weights"].append(float(tree.value[node, 0, 0] * model.learning_rate))

prior = np.log(np.clip(model.init_.class_prior_, np.finfo(np.float32).eps, None))
graph_nodes, parts = [], []
for name in columns:
    if name in words:
        graph_nodes.append(helper.make_node(
            "LabelEncoder", [name], [f"{name}_number"], domain="ai.onnx.ml", keys_strings=words[name],
            values_floats=[float(i) for i in range(len(words[name]))], default_float=-1.0))
    parts.append(f"{name}_number" if name in words else name)
graph_nodes.append(helper.make_node("Concat", parts, ["columns"], axis=1))
graph_nodes.append(helper.make_node(
    "TreeEnsembleClassifier", ["columns"], ["label", "probabilities"], domain="ai.onnx.ml", post_transform="SOFTMAX",
    classlabels_int64s=[int(c) for c in model.classes_], base_values=[float(v) for v in prior],
    **{f"nodes_{key}": value for key, value in nodes.items()}, **{f"class_{key}": value for key, value in leaves.items()}))
graph = helper.make_graph(
    graph_nodes, "trees",
    [helper.make_tensor_value_info(name, TensorProto.STRING if name in words else TensorProto.FLOAT, ["N", 1]) for name in columns],
    [helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
     helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", len(model.classes_)])])
save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]), f"{folder}/teacher.onnx")
