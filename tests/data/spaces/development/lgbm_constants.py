import lightgbm as lgb

TRAIN_CSV = "sales.csv"
NUM_LEAVES = 31
MIN_DATA_IN_LEAF = 20
FEATURE_FRACTION = 0.9
BAGGING_FRACTION = 0.8
LAMBDA_L1 = 0.0
LEARNING_RATE = 0.05
NUM_BOOST_ROUND = 400
NUM_THREADS = 4
VERBOSE = -1
RANDOM_STATE = 42

params = dict(
    num_leaves=NUM_LEAVES,
    min_data_in_leaf=MIN_DATA_IN_LEAF,
    feature_fraction=FEATURE_FRACTION,
    bagging_fraction=BAGGING_FRACTION,
    lambda_l1=LAMBDA_L1,
    learning_rate=LEARNING_RATE,
)
