from intake.forms.arrivals import TokenForm, UploadForm

__all__ = ["TokenForm", "UploadForm"]
